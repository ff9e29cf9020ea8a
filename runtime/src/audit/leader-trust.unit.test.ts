import test from 'ava';
import { createLogger } from '../process/logger.ts';
import { waitUntil } from '../testing/wait.ts';
import { createMemoryLog } from '../log/memory.ts';
import { type CopyJudgement, createLeaderTrust, withTrustedLeader } from './leader-trust.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const { signal } = new AbortController();

const HEALTHY: CopyJudgement = { state: 'healthy', reason: null };
const DAMAGED: CopyJudgement = { state: 'damaged', reason: 'records-differ' };
const CAME_BACK: CopyJudgement = { state: 'unknown', reason: 'came-back' };
const COUNTS_DIFFER: CopyJudgement = { state: 'unknown', reason: 'counts-differ' };

function createTestTrust(states: Record<string, CopyJudgement>, leader: string | undefined) {
  const world = { leader, nowMs: 0, asked: 0, reads: 0, isAway: false };
  const trust = createLeaderTrust({
    readLeader: async () => {
      world.asked += 1;
      if (world.isAway) throw new Error('away');
      return world.leader;
    },
    readStates: async () => {
      world.reads += 1;
      return new Map(Object.entries(states));
    },
    logger,
    now: () => world.nowMs,
  });
  return { trust, world };
}

const DISTRUSTED = { name: 'DistrustedLeaderError' };

test('trusts a healthy leader, and one that was never audited', async (t) => {
  for (const leader of ['n1', 'n9']) {
    const { trust } = createTestTrust({ n1: HEALTHY, n2: DAMAGED }, leader);
    await t.notThrowsAsync(trust.assert());
    trust[Symbol.dispose]();
  }
});

test('trusts no leader that is damaged', async (t) => {
  const { trust, world } = createTestTrust({ n1: DAMAGED }, 'n1');
  await t.throwsAsync(trust.assert(), DISTRUSTED);
  world.nowMs += 3_600_000;
  await t.throwsAsync(trust.assert(), DISTRUSTED, 'also after an hour');
  trust[Symbol.dispose]();
});

test('waits half a minute for the audit of a server that came back', async (t) => {
  const { trust, world } = createTestTrust({ n1: CAME_BACK }, 'n1');
  await t.throwsAsync(trust.assert(), DISTRUSTED);
  world.nowMs += 30_000;
  await t.notThrowsAsync(trust.assert());
  trust[Symbol.dispose]();
});

test('a copy that is known to have fewer records is not believed until the auditor says so', async (t) => {
  const states = { n1: COUNTS_DIFFER };
  const { trust, world } = createTestTrust(states, 'n1');
  await t.throwsAsync(trust.assert(), DISTRUSTED);
  world.nowMs += 3_600_000;
  await t.throwsAsync(trust.assert(), DISTRUSTED);
  t.false(trust.isTrusted('n1'), 'nor do readers of many records believe it');
  states.n1 = HEALTHY;
  await waitUntil(() => trust.isTrusted('n1'));
  await t.notThrowsAsync(trust.assert());
  trust[Symbol.dispose]();
});

test('a server with fewer records that starts again has its half a minute from then on', async (t) => {
  const states = { n1: COUNTS_DIFFER };
  const { trust, world } = createTestTrust(states, 'n1');
  await t.throwsAsync(trust.assert(), DISTRUSTED);
  const before = world.reads;
  states.n1 = CAME_BACK;
  world.nowMs += 40_000;
  await waitUntil(() => world.reads > before);
  await t.throwsAsync(trust.assert(), DISTRUSTED);
  world.nowMs += 30_000;
  await t.notThrowsAsync(trust.assert());
  trust[Symbol.dispose]();
});

test('asks nobody while every copy is trusted', async (t) => {
  const { trust, world } = createTestTrust({ n1: HEALTHY, n2: HEALTHY }, 'n1');
  await trust.assert();
  t.is(world.asked, 0);
  trust[Symbol.dispose]();
});

test('asks again after fifty milliseconds, or at once in doubt', async (t) => {
  const { trust, world } = createTestTrust({ n2: DAMAGED }, 'n1');
  await Promise.all([trust.assert(), trust.assert()]);
  t.is(world.asked, 1);
  world.leader = 'n2';
  await t.notThrowsAsync(trust.assert());
  trust.doubt();
  await t.throwsAsync(trust.assert(), DISTRUSTED);
  world.leader = 'n1';
  world.nowMs += 50;
  await t.notThrowsAsync(trust.assert());
  t.is(world.asked, 3);
  trust[Symbol.dispose]();
});

test('while nobody says who leads, no leader is believed', async (t) => {
  const { trust, world } = createTestTrust({ n2: DAMAGED }, 'n1');
  await trust.assert();
  world.isAway = true;
  world.nowMs += 1_000;
  await t.throwsAsync(trust.assert(), { message: 'away' });
  const log = withTrustedLeader(createMemoryLog(), trust);
  const message = { subject: 'zameni.claim.a', data: '{}', expectedPosition: 0 };
  t.is((await log.append([message], signal)).status, 'unknown');
  t.false(await createMemoryLog().hasRecord(message.subject, signal), 'nothing was sent');
  trust[Symbol.dispose]();
});

test('without an auditor’s word and without a leader the log goes on', async (t) => {
  const trust = createLeaderTrust({
    readLeader: async () => Promise.reject(new Error('away')),
    readStates: async () => Promise.reject(new Error('away')),
    logger,
  });
  await t.notThrowsAsync(trust.assert());
  trust[Symbol.dispose]();
});

test('a distrusted leader gets no append and is not asked whether something is there', async (t) => {
  const { trust, world } = createTestTrust({ n2: DAMAGED }, 'n1');
  const log = withTrustedLeader(createMemoryLog(), trust);
  const message = { subject: 'zameni.claim.a', data: '{}', expectedPosition: 0 };
  t.is((await log.append([message], signal)).status, 'appended');
  world.leader = 'n2';
  trust.doubt();
  const other = { ...message, subject: 'zameni.claim.b' };
  t.is((await log.append([other], signal)).status, 'distrusted');
  await t.throwsAsync(log.readLastFromLeader(message.subject, signal), DISTRUSTED);
  await t.throwsAsync(log.readFirst(message.subject, signal), DISTRUSTED);
  await t.throwsAsync(log.hasRecord(message.subject, signal), DISTRUSTED);
  await t.throwsAsync(log.countRecords(message.subject, signal), DISTRUSTED);
  world.leader = 'n1';
  trust.doubt();
  t.false(await log.hasRecord(other.subject, signal));
  trust[Symbol.dispose]();
});
