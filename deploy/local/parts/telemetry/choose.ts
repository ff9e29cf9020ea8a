import { findOnPath } from '../../host/launch.ts';
import { StackError } from '../../output/stack-error.ts';
import { BIN_FOLDER, type Profile } from '../../profile/names.ts';
import type { Ports } from '../../profile/ports.ts';

/** How a stack is watched. */
export type TelemetryChoice = {
  /** Share of the requests without a `traceparent` that are traced, 0 to 1. */
  readonly traceRatio: number;
  /** Whether the gateway continues the trace of a caller. Otherwise it links to it. */
  readonly trustsCallers: boolean;
  /** Where services send spans, by OTLP over HTTP. */
  readonly receiverUrl: string;
  /** Path of Jaeger's program, or null if there is none. */
  readonly jaeger: string | null;
};

/** A test makes too many requests to trace each of them. */
const TRACE_RATIO = { local: 1, test: 0.01, bench: 0.01 } as const satisfies Record<
  Profile,
  number
>;

const RATIO_VARIABLE = 'OTEL_TRACES_SAMPLER_ARG';
const TRUST_VARIABLE = 'ZAMENI_TRUST_TRACEPARENT';

/** Looks for Jaeger, and chooses which requests are traced. */
export function chooseTelemetry(
  profile: Profile,
  { telemetry }: Pick<Ports, 'telemetry'>,
  env: NodeJS.ProcessEnv,
): TelemetryChoice {
  return {
    traceRatio: readRatio(env[RATIO_VARIABLE]) ?? TRACE_RATIO[profile],
    trustsCallers: readTrust(env[TRUST_VARIABLE]),
    receiverUrl: `http://127.0.0.1:${telemetry.traceReceiver}`,
    jaeger: findOnPath('jaeger', [BIN_FOLDER]),
  };
}

function readRatio(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const ratio = /^(?:0|1|[01]?\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new StackError(`${RATIO_VARIABLE} is a share from 0 to 1, such as 0.1, not "${text}".`);
}

/** Callers of a stack on loopback are its owner's: a test or `curl` can then begin a trace. */
function readTrust(text: string | undefined): boolean {
  if (text === undefined || text === '' || text === 'on') return true;
  if (text === 'off') return false;
  throw new StackError(`${TRUST_VARIABLE} is on or off, not "${text}".`);
}
