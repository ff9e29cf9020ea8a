import { setTimeout as pause } from 'node:timers/promises';
import { type Flood, flood } from '../../e2e/overload/flood.ts';
import { type Latency, summarize } from '../../e2e/support/latency.ts';
import { type LoadResult, runLoad } from '../load/wrk.ts';

/** The gateway, and the seconds per number of connections. */
export type OverloadOptions = {
  readonly gatewayUrl: string;
  readonly seconds: number;
  readonly onFigure: (figure: OverloadFigure) => void;
};

/** Answers to a crowd of clients, and latencies of single registrations sent beside it. */
export type OverloadFigure = {
  readonly connections: number;
  /** Registrations of the crowd per second, accepted and shed. */
  readonly accepted: number;
  readonly shed: number;
  /** Answers to single registrations that neither accept nor refuse them. */
  readonly faults: number;
  readonly acceptedMs: Latency;
  readonly shedMs: Latency;
  /** Milliseconds from the end of the crowd to the first accepted registration. */
  readonly recoveryMs: number;
};

/** Numbers of clients. Each sends its next registration immediately after any answer. */
const CROWDS = [64, 256, 1_024, 3_000] as const;

/** Timed registrations per second: few, so that their sender is never late. */
const TIMED_A_SECOND = 100;
/** Seconds of the crowd before and after the timed registrations. */
const MARGIN_SECONDS = 1;

const RECOVERY_DEADLINE_MS = 10_000;
/** Milliseconds between two crowds, for the projector to catch up. */
const REST_MS = 3_000;

/** Sends growing crowds of public registrations, and times single ones beside them. */
export async function measureOverload(options: OverloadOptions): Promise<OverloadFigure[]> {
  const { gatewayUrl, seconds, onFigure } = options;
  const figures: OverloadFigure[] = [];
  for (const connections of CROWDS) {
    const prefix = `bench-${connections}`;
    const whole = seconds + 2 * MARGIN_SECONDS;
    const [crowd, timed] = await Promise.all([
      runLoad({ url: gatewayUrl, connections, seconds: whole, prefix }),
      pause(MARGIN_SECONDS * 1_000).then(() =>
        flood({ gatewayUrl, rate: TIMED_A_SECOND, seconds, prefix: `${prefix}-timed` }),
      ),
    ]);
    const recoveryMs = await measureRecovery(gatewayUrl, `${prefix}-after`);
    const figure = toFigure({ connections, crowd, timed, recoveryMs });
    figures.push(figure);
    onFigure(figure);
    await pause(REST_MS);
  }
  return figures;
}

type Measured = {
  readonly connections: number;
  readonly crowd: LoadResult;
  readonly timed: Flood;
  readonly recoveryMs: number;
};

function toFigure({ connections, crowd, timed, recoveryMs }: Measured): OverloadFigure {
  return {
    connections,
    accepted: (crowd.requests - crowd.failed) / crowd.seconds,
    shed: crowd.failed / crowd.seconds,
    faults: Object.values(timed.faults).reduce((sum, count) => sum + count, 0),
    acceptedMs: summarize(timed.accepted.map(([, , ms]) => ms)),
    shedMs: summarize(timed.refusedMs),
    recoveryMs,
  };
}

async function measureRecovery(gatewayUrl: string, prefix: string): Promise<number> {
  const startedAt = performance.now();
  const deadline = AbortSignal.timeout(RECOVERY_DEADLINE_MS);
  for (let n = 0; ; n += 1) {
    const body = {
      email: `${prefix}-${n}@example.org`,
      displayName: 'Vera Marković',
      locale: 'sr-Latn-RS',
      termsVersion: '2026-01',
    };
    const { status } = await fetch(new URL('/v1/registrations', gatewayUrl), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: deadline,
    });
    if (status === 202) return performance.now() - startedAt;
  }
}
