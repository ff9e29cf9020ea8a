import { setTimeout as pause } from 'node:timers/promises';
import { watchedServers } from '@zameni/runtime';
import { readTestStack } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { startTraffic } from '../freeze/traffic.ts';
import { COUNT_NOISE, findGrowth, leastGrowth } from '../soak/growth.ts';
import { type Held, measure } from '../soak/measure.ts';
import { type HeldAtServers, measureServers } from '../soak/servers.ts';
import { createActors } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const SECONDS = Number(process.env['ZAMENI_SOAK_SECONDS'] ?? 2);
const isLong = SECONDS > 60;
const longTest = isLong ? test.serial : test.serial.skip;

/** Measurements of each process in a run. A short run only shows that the measuring works. */
const ROUNDS = isLong ? 12 : 2;
const MEASURED = isLong
  ? /^(command-api|query-api|projector|mailer)-/
  : /^(command-api|query-api|projector|mailer)-1/;

/** What is made once: code is compiled, connections are opened, caches are filled. */
const WARM_UP_MS = Math.min(60, SECONDS / 3) * 1_000;

/**
 * What caches may grow by under load: the projector keeps the keys of the newest people, some 400
 * bytes each. Without load nothing grows.
 */
const CACHES_BYTES = 12_000_000;

/** Readers of the log that come and go. */
const CONSUMER_NOISE = 4;

const system = await attachSystem();
const actors = await createActors(system, 'soak');

test.after.always(() => actors[Symbol.asyncDispose]());

test.serial(`no service holds more and more in ${SECONDS} s under load`, async (t) => {
  t.timeout(SECONDS * 2_000 + 240_000);
  const traffic = await startTraffic(actors, 'soak');
  try {
    await pause(WARM_UP_MS);
    await findNoGrowth(t, CACHES_BYTES);
  } finally {
    const samples = await traffic.stop();
    t.log(`${samples.length} requests`);
  }
});

longTest(`no service holds more and more in ${SECONDS} s without load`, async (t) => {
  t.timeout(SECONDS * 2_000 + 240_000);
  await pause(WARM_UP_MS);
  await findNoGrowth(t, 0);
});

async function findNoGrowth(t: ExecutionContext, cacheBytes: number): Promise<void> {
  const startedAt = performance.now();
  const courses = new Map<string, Held[]>();
  const atServers: HeldAtServers[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const now = await readTestStack();
    for (const [name, pid] of Object.entries(now.pids)) {
      if (!MEASURED.test(name)) continue;
      const held = await measure(pid);
      courses.set(name, [...(courses.get(name) ?? []), held]);
    }
    atServers.push(await measureServers(watchedServers(now)));
    if (round < ROUNDS - 1) await pause((SECONDS * 1_000) / (ROUNDS - 1));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const growths: string[] = [];
  for (const [name, held] of courses) {
    t.log(`${name}: ${toText(held.at(0))} -> ${toText(held.at(-1))}`);
    growths.push(
      ...findGrowth({ held, seconds, cacheBytes }).map((growth) => `${name}: ${growth}`),
    );
  }
  const consumers = atServers.map((held) => held.consumers);
  const subscriptions = atServers.map((held) => held.subscriptions);
  t.log(`consumers: ${consumers.join(', ')}`);
  t.log(`subscriptions: ${subscriptions.join(', ')}`);
  t.true(courses.size >= 4);
  t.true(consumers.every((count) => count > 0));
  t.true((consumers.at(-1) ?? 0) - (consumers[0] ?? 0) <= CONSUMER_NOISE);
  t.true(leastGrowth(subscriptions) <= COUNT_NOISE);
  t.deepEqual(growths, []);
}

function toText(held: Held | undefined): string {
  if (held === undefined) return '';
  const { heapBytes, handles, timers } = held;
  return `${Math.round(heapBytes / 1_000)} kB, ${handles} handles, ${timers} timers`;
}
