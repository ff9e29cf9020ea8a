import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createJetStreamLog, type NatsConnection } from '@zameni/runtime';
import { createSilentLogger, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
// oxlint-disable-next-line no-restricted-imports -- a whole system does not fit beside three servers
import { createCommitter } from '../../command-api/src/commit/committer.ts';
import type { OwnLog } from '../full-disk/own-log.ts';
import { startRivals, type Told } from '../partition/rivals.ts';
import { startSplitLog } from '../partition/split-log.ts';
import { createRandom } from '../support/random.ts';

/** Not in `npm test`: an election takes longer than such a test may. */
const SECONDS = Number(process.env['ZAMENI_PARTITION_SECONDS'] ?? 0);
const longTest = SECONDS > 0 ? test.serial : test.serial.skip;
const SEED = Number(process.env['ZAMENI_SEED'] ?? randomInt(2 ** 32));

/** From below what a follower waits for its leader to longer than an election takes. */
const SHORTEST_CUT_MS = 1_000;
const LONGEST_CUT_MS = 20_000;
const LONGEST_CALM_MS = 5_000;
/** One long cut, and what a service may be without the log in it. */
const CUT_MS = 30_000;
const PROMISED_MS = 15_000;
const RECOVERY_DEADLINE_MS = 60_000;

const subjectOf = (name: string) => `zameni.account.${name}`;
const soon = () => AbortSignal.timeout(10_000);

longTest(`nothing is lost or won twice in ${SECONDS} s of servers cut off in turn`, async (t) => {
  t.timeout(SECONDS * 1_000 + 4 * RECOVERY_DEADLINE_MS);
  t.log(`repeat what chance chose with --seed ${SEED}`);
  const random = createRandom(SEED);
  await using split = await startSplitLog();
  await using closing = new AsyncDisposableStack();
  const committers = await Promise.all(
    [0, 1, 2].map(async (server) => {
      const nc = await split.own.connect(server);
      closing.defer(() => nc.close());
      const log = await createJetStreamLog(nc, { stream: 'ACCOUNTS', user: 'admin' });
      return closing.use(createCommitter(log, createSilentLogger()));
    }),
  );
  const rivals = startRivals(committers, subjectOf);
  const cuts: { readonly server: number; readonly fromMs: number; readonly toMs: number }[] = [];
  const endMs = performance.now() + SECONDS * 1_000;
  while (performance.now() < endMs) {
    await pause(random.below(LONGEST_CALM_MS));
    const server = random.below(3);
    const fromMs = performance.now();
    split.cutOff(server);
    await pause(SHORTEST_CUT_MS + random.below(LONGEST_CUT_MS - SHORTEST_CUT_MS));
    split.heal();
    cuts.push({ server, fromMs, toMs: performance.now() });
  }
  await waitUntil(
    async () =>
      (await Promise.all(split.own.servers.map((server) => server.isHealthy()))).every(Boolean),
    RECOVERY_DEADLINE_MS,
  );
  await pause(LONGEST_CALM_MS);
  const told = await rivals.stop();

  const all = told.flat();
  const byName = Map.groupBy(all, ({ name }) => name);
  const faults: string[] = [];
  for (const [name, about] of byName) {
    const records = await split.own.log.readSubject(subjectOf(name), soon());
    const [record] = records;
    const owner = record && Buffer.from(record.data).toString();
    if (records.length !== 1) faults.push(`${name} has ${records.length} records`);
    for (const each of about) {
      const isOwner = each.owner === owner && each.position === record?.position;
      if (each.position !== undefined && !isOwner) faults.push(`${name} was promised in vain`);
    }
  }
  t.deepEqual(faults, []);
  for (const { server, fromMs, toMs } of cuts) {
    const others = told.flatMap((some, number) => (number === server ? [] : some));
    const answers = others.filter(isWithin(fromMs, toMs));
    const gap = longestGapMs(answers, fromMs, toMs);
    const own = (told[server] ?? []).filter(isWithin(fromMs, toMs)).length;
    t.log(
      `own-${server + 1} cut off for ${((toMs - fromMs) / 1_000).toFixed(1)} s: it got ${own} answers,`,
      `the others ${answers.length}, longest gap ${(gap / 1_000).toFixed(1)} s`,
    );
  }
  const won = all.filter(({ position }) => position !== undefined).length;
  t.log(`${byName.size} names, ${all.length} answers, ${won} of them won`);
  t.true(won > SECONDS);
});

longTest(
  'a service leaves the leader that is cut off, and goes on with the next one',
  async (t) => {
    t.timeout(4 * RECOVERY_DEADLINE_MS);
    await using split = await startSplitLog();
    const nc = await split.own.connectNearLeader();
    await using closing = new AsyncDisposableStack();
    closing.defer(() => nc.close());
    const log = await createJetStreamLog(nc, { stream: 'ACCOUNTS', user: 'admin' });
    await using committer = createCommitter(log, createSilentLogger());
    const leader = split.own.servers.findIndex(({ name }) => name === nc.info?.server_name);
    const reader = await connectTo(split.own, nc.info?.server_name);
    closing.defer(() => reader.close());
    const rivals = startRivals([committer], subjectOf);
    await pause(LONGEST_CALM_MS);
    const fromMs = performance.now();
    split.cutOff(leader);
    await pause(CUT_MS);
    const toMs = performance.now();
    t.not(nc.info?.server_name, split.own.servers[leader]?.name);
    t.not(reader.info?.server_name, split.own.servers[leader]?.name);
    split.heal();
    const [told = []] = await rivals.stop();
    const gap = longestGapMs(told.filter(isWithin(fromMs, toMs)), fromMs, toMs);
    t.log(`longest gap ${(gap / 1_000).toFixed(1)} s of ${CUT_MS / 1_000} s`);
    t.true(gap < PROMISED_MS);
  },
);

/** Connects as a service that is not near the leader, until chance chooses a server. */
async function connectTo(own: OwnLog, server: string | undefined): Promise<NatsConnection> {
  for (;;) {
    const nc = await own.connectAnywhere();
    if (nc.info?.server_name === server) return nc;
    await nc.close();
  }
}

function isWithin(fromMs: number, toMs: number) {
  return ({ atMs }: Told) => atMs >= fromMs && atMs <= toMs;
}

function longestGapMs(told: readonly Told[], fromMs: number, toMs: number): number {
  const times = [fromMs, ...told.map(({ atMs }) => atMs).toSorted((a, b) => a - b), toMs];
  return Math.max(...times.slice(1).map((atMs, n) => atMs - (times[n] ?? atMs)));
}
