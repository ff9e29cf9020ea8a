import { setTimeout as pause } from 'node:timers/promises';
import { type Flood, flood } from '../e2e/flood.ts';
import { type Latency, summarize } from '../e2e/latency.ts';

/** Where to send, and the capacity that shares are of. */
export type OverloadOptions = {
  readonly gatewayUrl: string;
  readonly capacity: number;
  readonly seconds: number;
};

/** What came of an open loop of registrations at a share of the capacity. */
export type OverloadFigure = {
  readonly share: number;
  readonly offered: number;
  readonly accepted: number;
  readonly shed: number;
  readonly faults: number;
  readonly acceptedMs: Latency;
  readonly shedMs: Latency;
  /** Milliseconds from the last answer of the flood to the first registration that is accepted. */
  readonly recoveryMs: number;
};

const SHARES = [0.5, 1, 2, 4] as const;
const RECOVERY_DEADLINE_MS = 10_000;
/** The rest between two floods: the projector catches up, or it would be in the way of the next. */
const REST_MS = 3_000;

/** Floods at each share of the capacity in turn. */
export async function measureOverload(options: OverloadOptions): Promise<OverloadFigure[]> {
  const { gatewayUrl, capacity, seconds } = options;
  const figures: OverloadFigure[] = [];
  for (const share of SHARES) {
    const prefix = `bench-${share}`;
    const told = await flood({ gatewayUrl, rate: capacity * share, seconds, prefix });
    const recoveryMs = await measureRecovery(gatewayUrl, `${prefix}-after`);
    figures.push(toFigure(share, told, recoveryMs));
    await pause(REST_MS);
  }
  return figures;
}

function toFigure(share: number, told: Flood, recoveryMs: number): OverloadFigure {
  const { sent, seconds, accepted, refusedMs, faults } = told;
  return {
    share,
    offered: sent / seconds,
    accepted: accepted.length / seconds,
    shed: refusedMs.length / seconds,
    faults: Object.values(faults).reduce((sum, count) => sum + count, 0),
    acceptedMs: summarize(accepted.map(([, , ms]) => ms)),
    shedMs: summarize(refusedMs),
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
