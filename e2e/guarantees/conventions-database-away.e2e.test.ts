import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type Scope } from '@zameni/contracts';
import test from 'ava';
import { freezeProcesses } from '../freeze/freeze-processes.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'database-away');
test.after.always(() => actors[Symbol.asyncDispose]());

/** For how long a server is frozen; a pool and a proxy for 20 s at most. */
const FROZEN_MS = Number(process.env['ZAMENI_FROZEN_SECONDS'] ?? 7) * 1_000;
const SHORTER_MS = Math.min(FROZEN_MS, 20_000);
/** The longest answer: a read takes two seconds at most, and the machine is slow. */
const LONGEST_MS = 2_500;
/** Until reads are as before, after the database is back. */
const NORMAL_AFTER_MS = 5_000;
const PAUSE_MS = 100;
/** The cache is trusted for 15 s after the projector last said how far it is. Less, to be sure. */
const CACHED_MS = 12_000;

/** What one read was answered. `status` is 0 if there was no answer. */
type Sample = {
  readonly what: string;
  readonly atMs: number;
  readonly tookMs: number;
  readonly status: number;
};

/**
 * Reads of every kind, again and again: a person who is cached, people and registrations that are
 * not, counts, mails, erasures and projections.
 */
async function startReads() {
  const scopes: Scope[] = ['users:read', 'users:erase', 'stats:read', 'ops:read'];
  const client = createClient({
    baseUrl: system.gatewayUrl,
    fetch,
    token: await system.token(scopes, 'database-away-reader'),
  });
  const known = await actors.register(personAt(`${crypto.randomUUID()}@away.example.org`));
  const attempt = await actors.attempt(personAt(`${crypto.randomUUID()}@away.example.org`));
  const { id } = known;
  await actors.read(id, known.position);
  await actors.status(attempt.id, attempt.position);
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const stats = { from, to: new Date().toISOString(), bucket: 'minute' } as const;
  const reads: Readonly<Record<string, () => Promise<{ readonly status: number }>>> = {
    known: () => client.readUser({ params: { id } }),
    unknown: () => client.readUser({ params: { id: crypto.randomUUID() } }),
    attempt: () => client.readRegistration({ params: { id: attempt.id } }),
    stats: () => client.readRegistrationStats({ query: stats }),
    messages: () => client.readMessages({ params: { id } }),
    erasure: () => client.readErasure({ params: { id } }),
    projections: () => client.readProjections({}),
  };
  const samples: Sample[] = [];
  const ending = new AbortController();
  const startedAt = performance.now();
  const nowMs = () => performance.now() - startedAt;
  const running = Object.entries(reads).map(async ([what, read]) => {
    while (!ending.signal.aborted) {
      const atMs = nowMs();
      const answer = await read().catch(() => undefined);
      samples.push({ what, atMs, tookMs: nowMs() - atMs, status: answer?.status ?? 0 });
      await pause(PAUSE_MS);
    }
  });
  return {
    nowMs,
    stop: async () => {
      ending.abort();
      await Promise.all(running);
      return samples;
    },
  };
}

/** What reads are answered while all is well. */
const USUAL: Readonly<Record<string, number>> = {
  known: 200,
  unknown: 404,
  attempt: 200,
  stats: 200,
  messages: 200,
  erasure: 404,
  projections: 200,
};

const isUsual = ({ what, status }: Sample) => status === USUAL[what];
const toText = ({ what, atMs, tookMs, status }: Sample) =>
  `${what} at ${Math.round(atMs)} ms: ${status} after ${Math.round(tookMs)} ms`;

type Outage = {
  readonly part: string;
  readonly forMs: number;
  /** What is answered as usual meanwhile, and for how long. */
  readonly goOn: readonly string[];
  readonly goOnMs: number;
};

const outage = test.macro<[Outage]>({
  title: (_, { part, forMs }) => `${part} is frozen for ${forMs / 1_000} s`,
  exec: async (t, { part, forMs, goOn, goOnMs }) => {
    t.timeout(forMs + 60_000);
    const reads = await startReads();
    await pause(1_000);
    const frozenAtMs = reads.nowMs();
    await freezeProcesses(part, forMs);
    const thawedAtMs = reads.nowMs();
    await pause(NORMAL_AFTER_MS + 2_000);
    const samples = await reads.stop();
    const during = samples.filter(({ atMs }) => atMs >= frozenAtMs && atMs < thawedAtMs);
    const slowest = Math.max(...during.map(({ tookMs }) => tookMs));
    t.log(`${during.length} reads meanwhile, the slowest took ${Math.round(slowest)} ms`);
    for (const what of Object.keys(USUAL)) {
      const own = during.filter((sample) => sample.what === what);
      t.log(`${what}: ${own.filter(isUsual).length} of ${own.length} as usual`);
    }
    const wrong = during.filter((sample) => !isUsual(sample) && sample.status !== 503);
    t.deepEqual(wrong.map(toText), []);
    t.deepEqual(during.filter(({ tookMs }) => tookMs > LONGEST_MS).map(toText), []);
    const lost = during.filter(
      (sample) =>
        goOn.includes(sample.what) && sample.atMs < frozenAtMs + goOnMs && !isUsual(sample),
    );
    t.deepEqual(lost.map(toText), []);
    const before = samples.filter(({ atMs, tookMs }) => atMs + tookMs < frozenAtMs);
    const after = samples.filter(({ atMs }) => atMs > thawedAtMs + NORMAL_AFTER_MS);
    for (const group of [before, after]) {
      t.deepEqual(group.filter((sample) => !isUsual(sample)).map(toText), []);
      t.is(new Set(group.map(({ what }) => what)).size, Object.keys(USUAL).length);
    }
  },
});

const everything = Object.keys(USUAL);

test.serial(outage, {
  part: 'postgres-replica',
  forMs: FROZEN_MS,
  goOn: everything,
  goOnMs: FROZEN_MS,
});
test.serial(outage, { part: 'pgbouncer', forMs: SHORTER_MS, goOn: ['known'], goOnMs: CACHED_MS });
test.serial(outage, {
  part: 'postgres-primary',
  forMs: SHORTER_MS,
  goOn: ['known', 'attempt', 'stats'],
  goOnMs: SHORTER_MS,
});
