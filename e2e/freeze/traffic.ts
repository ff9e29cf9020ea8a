import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Actors } from '../support/actors.ts';
import { personAt } from '../support/actors.ts';

/** What one request did. `status` is 0 if there was no answer. */
export type Sample = {
  readonly what: 'attempt' | 'registration' | 'change' | 'read';
  readonly atMs: number;
  readonly tookMs: number;
  readonly status: number;
  readonly code: string | undefined;
};

/** Requests that go on until they are stopped. */
export type Traffic = {
  /** The samples so far. */
  readonly samples: readonly Sample[];
  /** The time as samples have it. */
  readonly nowMs: () => number;
  /** Ends the traffic and returns every sample. */
  readonly stop: () => Promise<readonly Sample[]>;
};

/** Workers of each kind, and the pause of a worker between two requests. */
const WORKERS = 4;
const PAUSE_MS = 40;

/**
 * Sends the usual kinds of requests at a steady rate: attempts, vouched registrations that are
 * awaited, changes of known people, and reads at the position of a change. It is far from any limit,
 * so that only what is disturbed can be slow.
 */
export async function startTraffic(actors: Actors, name: string): Promise<Traffic> {
  const { operator, anyone, register } = actors;
  const people = await Promise.all(
    Array.from({ length: WORKERS }, (_, n) =>
      register(personAt(`${name}-${n}@freeze.example.org`)),
    ),
  );
  const startedAt = performance.now();
  const samples: Sample[] = [];
  const ending = new AbortController();

  async function take(
    what: Sample['what'],
    send: () => Promise<{ readonly status: number }>,
  ): Promise<{ readonly status: number } | undefined> {
    const atMs = performance.now() - startedAt;
    const answer = await send().catch(() => undefined);
    const code: unknown = answer === undefined ? undefined : Reflect.get(answer, 'code');
    samples.push({
      what,
      atMs,
      tookMs: performance.now() - startedAt - atMs,
      status: answer?.status ?? 0,
      code: typeof code === 'string' ? code : undefined,
    });
    return answer;
  }

  const fresh = () => personAt(`${randomUUID()}@freeze.example.org`);
  const works: (() => Promise<void>)[] = people.flatMap(({ id }, n) => {
    let changes = 0;
    return [
      async () => void (await take('attempt', () => anyone.registerPerson({ body: fresh() }))),
      async () => {
        const headers = { Prefer: 'wait=5' };
        await take('registration', () => operator.registerPerson({ body: fresh(), headers }));
      },
      async () => {
        changes += 1;
        const body = { displayName: `Vera ${n} ${changes}` };
        const answer = await take('change', () => operator.updateUser({ params: { id }, body }));
        const position = answer?.status === 202 ? positionOf(answer) : undefined;
        if (position === undefined) return;
        const headers = { 'Min-Position': position, Prefer: 'wait=5' };
        await take('read', () => operator.readUser({ params: { id }, headers }));
      },
    ];
  });
  const running = works.map(async (work) => {
    while (!ending.signal.aborted) {
      await work();
      await pause(PAUSE_MS);
    }
  });
  return {
    samples,
    nowMs: () => performance.now() - startedAt,
    stop: async () => {
      ending.abort();
      await Promise.all(running);
      return samples;
    },
  };
}

function positionOf(answer: object): string | undefined {
  const headers: unknown = Reflect.get(answer, 'headers');
  const position: unknown =
    typeof headers === 'object' && headers !== null ? Reflect.get(headers, 'Position') : undefined;
  return typeof position === 'string' ? position : undefined;
}

/** The share of samples that took at most the given quantile. */
export function quantileMs(samples: readonly Sample[], quantile: number): number {
  const sorted = samples.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;
}

/** Whether a sample is no success. */
export function isFailure({ status }: Sample): boolean {
  return status < 200 || status > 299;
}

/** Samples that are no success, as text. */
export function failuresIn(samples: readonly Sample[]): string[] {
  return samples.filter(isFailure).map(toText);
}

/** A sample as text. */
export function toText({ what, status, code, atMs, tookMs }: Sample): string {
  return `${what} at ${Math.round(atMs)} ms: ${status} ${code ?? ''} after ${Math.round(tookMs)} ms`;
}

/** The longest time between two successes of a kind, in milliseconds. */
export function longestGapMs(samples: readonly Sample[], kinds: readonly Sample['what'][]): number {
  const ends = samples
    .filter((sample) => kinds.includes(sample.what) && !isFailure(sample))
    .map(({ atMs, tookMs }) => atMs + tookMs)
    .toSorted((a, b) => a - b);
  const times = [0, ...ends];
  return Math.max(0, ...ends.map((end, n) => end - (times[n] ?? end)));
}
