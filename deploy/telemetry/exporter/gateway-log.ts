import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** Bytes of the longest line. The gateway cuts off what is longer. */
export const MAX_LINE_BYTES = 1024;

const hex = (digits: number) => Type.String({ pattern: `^[0-9a-f]{${digits}}$` });

/** Microseconds since 1970, up to the year 2255. */
const Instant = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** Milliseconds. -1: it did not come to that. */
const Duration = Type.Integer({ minimum: -1, maximum: 2 ** 31 });

/** A backend or server as we name them. Any process of the host can send a line. */
const NAME = '[a-z][a-z0-9-]{0,63}';

/** A request as the gateway logs it. */
export const GatewayRequest = Type.Object(
  {
    trace: hex(32),
    span: hex(16),
    /** `-` if the gateway began the trace. */
    parent: Type.Union([hex(16), Type.Literal('-')]),
    start: Instant,
    end: Instant,
    method: Type.String({ minLength: 1, maxLength: 512 }),
    /** -1 if nobody was answered. */
    status: Type.Integer({ minimum: -1, maximum: 999 }),
    backend: Type.String({ pattern: `^${NAME}$` }),
    /** `<NOSRV>` if the gateway answered itself, `<CACHE>` if from its copy of a page. */
    server: Type.String({ pattern: `^(${NAME}|<NOSRV>|<CACHE>)$` }),
    queue: Duration,
    connect: Duration,
    response: Duration,
    /** Who ended the request, and when: two letters of HAProxy. */
    ended: Type.String({ pattern: '^[A-Za-z-]{2}$' }),
  },
  { additionalProperties: false },
);

/** A request as the gateway logs it. */
export type GatewayRequest = Static<typeof GatewayRequest>;

const check = Compile(GatewayRequest);

/** Reads a line. Null for one that is not the gateway's, whoever sent it. */
export function parseGatewayLine(line: Buffer): GatewayRequest | null {
  if (line.length > MAX_LINE_BYTES) return null;
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return check.Check(value) && value.end >= value.start ? value : null;
  } catch {
    return null;
  }
}
