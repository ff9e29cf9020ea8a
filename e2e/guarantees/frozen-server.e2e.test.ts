import { ACCOUNTS_STREAM } from '@zameni/contracts';
import { createReadLogServers, type ReadLogServers } from '@zameni/runtime';
import { readTestStack, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { pauseProcess } from '../atomicity/disturb.ts';
import {
  failuresIn,
  isFailure,
  longestGapMs,
  quantileMs,
  type Sample,
  startTraffic,
  toText,
  type Traffic,
} from '../freeze/traffic.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { createActors } from '../support/actors.ts';
import { findLeader } from '../support/kills.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'frozen-server');
const admin = await openAdminLog(await readTestStack(), 'frozen-server');
const readServers = createReadLogServers(admin.nc, { stream: ACCOUNTS_STREAM.name, user: 'admin' });

test.after.always(async () => {
  await admin[Symbol.asyncDispose]();
  await actors[Symbol.asyncDispose]();
});

const FROZEN_MS = 6_000;
const FREEZES = 2;
const LEADER_FROZEN_MS = 14_000;
const SERVERS = ['nats-1', 'nats-2', 'nats-3'];
const COMMANDS = ['attempt', 'registration', 'change'] as const;

/** The longest answer without an outcome: the deadline of a command, and a slow machine. */
const LONGEST_MS = 2_500;

/** A request counts as slow from here on. */
const SLOW_MS = 1_000;

/** Until a frozen server is noticed at the latest, and requests that may be slow until then. */
const NOTICED_MS = 3_000;
const MAX_SLOW = 16;

test.serial(
  'while the leader is frozen everybody is answered soon, and another one is elected',
  async (t) => {
    t.timeout(120_000);
    const leader = await findLeader(await readTestStack());
    const traffic = await startTraffic(actors, 'leader');
    await untilSuccesses(traffic);
    const frozenAtMs = traffic.nowMs();
    const thawed = pauseProcess(leader, LEADER_FROZEN_MS);
    let isThawed = false;
    void thawed.then(() => (isThawed = true));
    await waitUntil(async () => isThawed || (await findNewLeader(leader)), 30_000);
    const electedMs = Math.round(traffic.nowMs() - frozenAtMs);
    t.false(isThawed, 'no other server was elected');
    await untilSuccesses(traffic);
    const gapMs = longestGapMs(traffic.samples, COMMANDS);
    await thawed;
    await untilSuccesses(traffic);
    const samples = await traffic.stop();
    // A reader waits as long as it asked for. Nothing is projected without a leader.
    const failed = samples.filter((sample) => isFailure(sample) && sample.what !== 'read');
    t.log(`elected after ${electedMs} ms, gap ${Math.round(gapMs)} ms`);
    t.log(`${failed.length} of ${samples.length} failed, longest ${quantileMs(failed, 1)} ms`);
    t.deepEqual(failed.filter((sample) => !isUnavailable(sample)).map(toText), []);
    t.true(gapMs < electedMs + 3_000);
  },
);

// Later than the other test: clients are connected to followers by then, too.
test.serial('while a follower is frozen no request fails, and few are slow', async (t) => {
  t.timeout(120_000);
  const traffic = await startTraffic(actors, 'follower');
  const frozenAtMs: number[] = [];
  let last: string | undefined;
  for (let n = 0; n < FREEZES; n += 1) {
    await untilCurrent(readServers);
    // A server that comes back may cause an election, so the leader may be another one each time.
    const leader = await findLeader(await readTestStack());
    const follower = SERVERS.find((name) => name !== leader && name !== last) ?? '';
    frozenAtMs.push(traffic.nowMs());
    await pauseProcess(follower, FROZEN_MS);
    last = follower;
  }
  await untilSuccesses(traffic);
  const samples = await traffic.stop();
  const slow = samples.filter(isSlow);
  t.log(`${samples.length} requests, p99 ${quantileMs(samples, 0.99)} ms, ${slow.length} slow`);
  t.log(`frozen at ${frozenAtMs.map(Math.round).join(' and ')} ms`);
  for (const { what, atMs, tookMs } of slow) {
    t.log(`${what} at ${Math.round(atMs)} ms took ${Math.round(tookMs)} ms`);
  }
  const during = samples.filter(({ atMs, tookMs }) =>
    frozenAtMs.some((since) => atMs >= since && atMs + tookMs <= since + FROZEN_MS),
  );
  t.deepEqual(failuresIn(during), []);
  t.true(during.some(({ what }) => what === 'read'));
  // Until the frozen server is noticed, each worker may wait once; afterwards one in a hundred.
  const settled = during.filter(({ atMs }) =>
    frozenAtMs.some((since) => atMs > since + NOTICED_MS && atMs < since + FROZEN_MS),
  );
  t.true(settled.filter(isSlow).length < settled.length / 100);
  t.true(during.filter(isSlow).length <= FREEZES * MAX_SLOW);
  // A server that was frozen for long has the log elect its leader again when it comes back: it asks
  // for votes before it hears of the leader. That takes a second or two.
  const failed = samples.filter(isFailure);
  t.deepEqual(failed.filter((sample) => !isUnavailable(sample)).map(toText), []);
});

function isSlow({ tookMs }: Sample): boolean {
  return tookMs > SLOW_MS;
}

/** Whether a request ended without an outcome, and soon. */
function isUnavailable({ status, code, tookMs }: Sample): boolean {
  return status === 503 && code === 'log-unavailable' && tookMs < LONGEST_MS;
}

async function findNewLeader(old: string): Promise<boolean> {
  return (await findLeader(await readTestStack())) !== old;
}

/** Waits until the log has a leader who hears of all servers, and all have what it has. */
async function untilCurrent(readServers: ReadLogServers): Promise<void> {
  await waitUntil(async () => {
    const found = await readServers(AbortSignal.timeout(5_000)).catch(() => undefined);
    return found !== undefined && found.silent.length === 0 && found.catchingUp.length === 0;
  });
}

/** Waits until every kind of command has had a success from now on. */
async function untilSuccesses(traffic: Traffic): Promise<void> {
  const from = traffic.samples.length;
  await waitUntil(() => {
    const since = traffic.samples.slice(from).filter((sample) => !isFailure(sample));
    return COMMANDS.every((kind) => since.some(({ what }) => what === kind));
  }, 30_000);
}
