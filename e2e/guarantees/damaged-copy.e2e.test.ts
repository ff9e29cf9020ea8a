import { rm } from 'node:fs/promises';
import { subjects } from '@zameni/contracts';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { type AuditedLog, SMALL_BLOCKS, startAuditedLog } from '../damage/audited-log.ts';
import { findFiles, flipIn } from '../damage/flip.ts';
import type { OwnServer } from '../full-disk/own-log.ts';

/** A log of four blocks of a stream. */
const RECORDS = 90;
const SNAPSHOT = /S-R3F[^/]*\/snapshots\/snap/;
const MAX_RETURNS = 5;
const OLDEST_BLOCK = /ACCOUNTS\/msgs\/1\.blk$/;

test.serial(
  'a follower that comes back with a hole is named, does not stay leader, and frees no address',
  async (t) => {
    t.timeout(120_000);
    await using audited = await startAuditedLog(SMALL_BLOCKS);
    const { own, trusted, stateOf } = audited;
    await fill(audited, 0, RECORDS);
    const follower = await audited.follower();
    await forgetAgreement(audited, follower);
    await fill(audited, RECORDS, RECORDS + 10);
    await follower.end('KILL');
    t.is((await flipIn(follower.folder, OLDEST_BLOCK)).length, 1);
    await follower.start();
    await waitUntil(() => stateOf(follower) === 'damaged');
    const others = own.servers.filter((server) => server !== follower);
    t.deepEqual(others.map(stateOf), ['healthy', 'healthy']);

    // The auditor rests, so that the lead stays.
    await audited.stopAuditor();
    await audited.handOverTo(follower);
    t.is(await nthOf(own.log, 20), undefined, 'its copy has a hole');
    // Services read each second what the auditor says, and ask then who leads.
    await waitUntil(() =>
      nthOf(trusted, 20).then(
        () => false,
        (error: Error) => error.name === 'DistrustedLeaderError',
      ),
    );
    t.is((await register(trusted, 20)).status, 'distrusted');
    t.is((await register(own.log, 21)).status, 'appended', 'what would happen without an auditor');
    audited.startAuditor();
    await waitUntil(async () => {
      const leader = await audited.leader().catch(() => undefined);
      return leader !== undefined && leader !== follower;
    });
    await waitUntil(async () => (await register(trusted, 20)).status === 'conflict');
  },
);

const isLong = process.env['ZAMENI_DAMAGE'] === 'all';
const longTest = isLong ? test.serial : test.serial.skip;

longTest('a new copy is believed again, and a record that is counted is missed', async (t) => {
  t.timeout(120_000);
  await using audited = await startAuditedLog(SMALL_BLOCKS);
  const { stateOf, trusted } = audited;
  await fill(audited, 0, RECORDS);
  const follower = await audited.follower();
  // Its index is whole, so the server counts a record that it cannot read.
  await follower.end('TERM');
  t.is((await flipIn(follower.folder, OLDEST_BLOCK)).length, 1);
  await follower.start();
  await waitUntil(() => stateOf(follower) === 'damaged');
  await follower.end('KILL');
  await rm(follower.folder, { recursive: true });
  await follower.start();
  await waitUntil(() => stateOf(follower) === 'healthy');
  await audited.handOverTo(follower);
  await waitUntil(async () => (await register(trusted, 20)).status === 'conflict');
  await holdsAll(audited, follower);
});

longTest('two of three that lack records are named, and the whole one leads', async (t) => {
  t.timeout(120_000);
  await using audited = await startAuditedLog(SMALL_BLOCKS);
  const { own, stateOf, trusted } = audited;
  await fill(audited, 0, RECORDS);
  const whole = await audited.leader();
  for (const server of own.servers.filter((one) => one !== whole)) {
    await server.end('TERM');
    t.is((await flipIn(server.folder, OLDEST_BLOCK)).length, 1);
    await server.start();
    await waitUntil(() => stateOf(server) === 'damaged');
  }
  t.is(stateOf(whole), 'healthy');
  await waitUntil(async () => (await register(trusted, 20)).status === 'conflict');
  t.is(await audited.leader(), whole);
});

longTest('after the loss of all servers at once the log is believed within seconds', async (t) => {
  t.timeout(120_000);
  await using audited = await startAuditedLog(SMALL_BLOCKS);
  const { own, trusted } = audited;
  await fill(audited, 0, RECORDS);
  await Promise.all(own.servers.map((server) => server.end('KILL')));
  await Promise.all(own.servers.map((server) => server.start()));
  await waitUntil(async () => (await register(own.log, 0)).status === 'conflict');
  const ledAtMs = performance.now();
  await waitUntil(async () => (await register(trusted, 0)).status === 'conflict');
  t.log(`accepted ${Math.round(performance.now() - ledAtMs)} ms after the election`);
  t.true(performance.now() - ledAtMs < 10_000);
});

/** What the servers repair themselves, measured with 2.15.1. */
const REPAIRED = [
  ['the index of the blocks', /ACCOUNTS\/msgs\/index\.db$/, 'TERM'],
  ['the description of the stream', /ACCOUNTS\/meta\.inf$/, 'TERM'],
  ['its checksum', /ACCOUNTS\/meta\.sum$/, 'TERM'],
  ['the log of the agreement', /S-R3F[^/]*\/msgs\/\d+\.blk$/, 'KILL'],
] as const;

for (const [what, pattern, how] of REPAIRED) {
  longTest(`a follower repairs ${what} itself`, async (t) => {
    t.timeout(120_000);
    await using audited = await startAuditedLog(SMALL_BLOCKS);
    await fill(audited, 0, RECORDS);
    const follower = await audited.follower();
    if (how === 'TERM') await comeBack(audited, follower, 'TERM');
    await follower.end(how);
    t.not((await flipIn(follower.folder, pattern)).length, 0);
    await follower.start();
    await waitUntil(() => follower.isHealthy());
    await waitUntil(() => audited.stateOf(follower) === 'healthy');
    await holdsAll(audited, follower);
  });
}

longTest('a follower repairs the only block from the log of the agreement', async (t) => {
  t.timeout(120_000);
  await using audited = await startAuditedLog();
  await fill(audited, 0, RECORDS);
  const follower = await audited.follower();
  await follower.end('KILL');
  t.is((await flipIn(follower.folder, OLDEST_BLOCK)).length, 1);
  await follower.start();
  await waitUntil(() => follower.isHealthy());
  await waitUntil(() => audited.stateOf(follower) === 'healthy');
  await holdsAll(audited, follower);
});

longTest('a follower with a damaged snapshot does not take part any more', async (t) => {
  t.timeout(120_000);
  await using audited = await startAuditedLog(SMALL_BLOCKS);
  await fill(audited, 0, RECORDS);
  const follower = await audited.follower();
  await forgetAgreement(audited, follower);
  await follower.end('TERM');
  t.not((await flipIn(follower.folder, SNAPSHOT)).length, 0);
  await follower.start();
  await waitUntil(() => audited.stateOf(follower) !== 'healthy');
  await fill(audited, RECORDS, RECORDS + 5);
  t.false(await follower.isHealthy());
  await t.throwsAsync(audited.handOverTo(follower), { message: /does not become the leader/ });
});

/** Registers claims, as many as the numbers say, one after the other. */
async function fill(audited: AuditedLog, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 1) {
    await waitUntil(async () => {
      const { status } = await register(audited.trusted, n);
      return status === 'appended' || status === 'conflict';
    });
  }
}

/** Appends a claim on a free address, as a registration does. */
function register({ append }: AuditedLog['trusted'], n: number) {
  const data = `${n}`.padEnd(1_000, '.');
  return append([{ subject: subjects.claim(`c${n}`), data, expectedPosition: 0 }], soon());
}

function nthOf({ readLastFromLeader }: AuditedLog['trusted'], n: number) {
  return readLastFromLeader(subjects.claim(`c${n}`), soon());
}

/** Ends a server and waits until its copy is believed again. */
async function comeBack(audited: AuditedLog, server: OwnServer, how: 'TERM' | 'KILL') {
  await server.end(how);
  await server.start();
  await waitUntil(() => audited.stateOf(server) === 'unknown');
  await waitUntil(() => audited.stateOf(server) === 'healthy');
}

/**
 * Stops a server cleanly until its log of the agreement begins with a snapshot: before, that log
 * would repair the blocks.
 */
async function forgetAgreement(audited: AuditedLog, server: OwnServer): Promise<void> {
  for (let returns = 0; returns < MAX_RETURNS; returns += 1) {
    await comeBack(audited, server, 'TERM');
    if ((await findFiles(server.folder, SNAPSHOT)).length > 0) return;
  }
  throw new Error('the server keeps its log of the agreement');
}

/** Lets the server lead and reads every record from it. */
async function holdsAll(audited: AuditedLog, server: OwnServer): Promise<void> {
  await audited.handOverTo(server);
  for (let n = 0; n < RECORDS; n += 1) {
    if ((await nthOf(audited.own.log, n)) === undefined) throw new Error(`record ${n} is missing`);
  }
}

function soon(): AbortSignal {
  return AbortSignal.timeout(10_000);
}
