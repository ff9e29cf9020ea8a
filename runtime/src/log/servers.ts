import type { NatsConnection } from '@nats-io/transport-node';
import { apiPrefix } from '@zameni/contracts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../errors.ts';

/** States of the log's servers, by name, as the leader sees them. */
export type LogServers = {
  /** The last position of the log as the leader knows it, to detect a stale leader. */
  readonly head: number;
  readonly leader: string | undefined;
  /**
   * Servers that the leader has not heard of recently. They may keep deleted records permanently.
   */
  readonly silent: readonly string[];
  /** Servers that the leader hears of but that are behind it. Under load this changes often. */
  readonly catchingUp: readonly string[];
};

/** Asks the leader for the states of the log's servers. */
export type ReadLogServers = (signal: AbortSignal) => Promise<LogServers>;

/** Milliseconds without a message after which a server counts as silent. One is due each second. */
const SILENT_MS = 5_000;
const REQUEST_DEADLINE_MS = 3_000;
const NANOSECONDS_PER_MS = 1_000_000;

const InfoReply = Compile(
  Type.Object({
    state: Type.Object({ last_seq: Type.Integer() }),
    // A single server has no cluster.
    cluster: Type.Optional(
      Type.Object({
        leader: Type.Optional(Type.String()),
        replicas: Type.Optional(
          Type.Array(
            Type.Object({
              name: Type.String(),
              current: Type.Boolean(),
              offline: Type.Optional(Type.Boolean()),
              active: Type.Integer({ description: 'Nanoseconds since it was last heard of' }),
            }),
          ),
        ),
      }),
    ),
  }),
);

/** Reads the states of the servers from the stream's information, which needs a permission. */
export function createReadLogServers(
  nc: NatsConnection,
  { stream, user }: { readonly stream: string; readonly user: string },
): ReadLogServers {
  const subject = `${apiPrefix(user)}.STREAM.INFO.${stream}`;
  return async (signal) => {
    signal.throwIfAborted();
    const reply: unknown = (await nc.request(subject, '', { timeout: REQUEST_DEADLINE_MS })).json();
    if (!InfoReply.Check(reply)) throw new Fault('the information on a stream is not of our form');
    const replicas = reply.cluster?.replicas ?? [];
    const isSilent = ({ offline, active }: (typeof replicas)[number]) =>
      offline === true || active > SILENT_MS * NANOSECONDS_PER_MS;
    return {
      head: reply.state.last_seq,
      leader: reply.cluster?.leader,
      silent: replicas.filter(isSilent).map(({ name }) => name),
      catchingUp: replicas
        .filter((replica) => !isSilent(replica) && !replica.current)
        .map(({ name }) => name),
    };
  };
}
