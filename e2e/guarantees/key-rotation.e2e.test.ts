import { type ChildProcess, execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KeyRecord, subjects } from '@zameni/contracts';
import { readKeyRingFile, readToEnd } from '@zameni/runtime';
import { PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { Value } from 'typebox/value';
import { secretFiles } from '../../deploy/local/secrets/files.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { createActors, personAt } from '../support/actors.ts';
import { kill } from '../support/kills.ts';
import { attachSystem } from '../support/system.ts';

const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');
const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'key-rotation');
const admin = await openAdminLog(stack, 'key-rotation');
const { kekFile } = stack.keys;
const { verificationKey } = secretFiles(stack.folders.secrets);
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

/** Milliseconds for a rotation, with a grace of 4 seconds and killed processes. */
const ROTATION_DEADLINE_MS = 180_000;
const BETWEEN_REGISTRATIONS_MS = 100;
const { signal } = new AbortController();

type Ended = { readonly status: number | string; readonly stdout: string; readonly stderr: string };

/** Runs `zameni keys` as an operator does. The child can be killed. */
function keys(...args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const argv = [zameni, 'keys', ...args, '--profile', stack.profile, '--json'];
  const options = { timeout: ROTATION_DEADLINE_MS };
  const child = execFile(process.execPath, argv, options, (error, stdout, stderr) => {
    resolve({ status: error === null ? 0 : (error.code ?? error.signal ?? -1), stdout, stderr });
  });
  return { child, ended: promise };
}

let count = 0;
async function register(): Promise<string> {
  count += 1;
  return (await actors.register(personAt(`rotation.${count}.${process.pid}@example.org`))).id;
}

async function attempt(): Promise<string> {
  count += 1;
  return (await actors.attempt(personAt(`rotation.${count}.${process.pid}@example.org`))).id;
}

async function registerMany(n: number): Promise<string[]> {
  const ids: string[] = [];
  const one = async () => {
    for (let i = 0; i < n / 10; i += 1) ids.push(await register());
  };
  await Promise.all(Array.from({ length: 10 }, one));
  return ids;
}

/** Checks that a person can be changed, which opens their key, and read. */
async function changeAndRead(t: ExecutionContext, id: string): Promise<void> {
  const changed = await actors.operator.updateUser({ params: { id }, body: { locale: 'sr' } });
  if (changed.status !== 202) return t.fail(`the change was answered ${changed.status}`);
  const seen = await actors.read(id, changed.headers.Position);
  t.like(seen, { status: 200, body: { displayName: 'Vera Actor', locale: 'sr' } });
}

/** The last record of every key in the log, by subject, and all subjects of keys. */
async function readKeks(): Promise<Map<string, string[]>> {
  const keks = new Map<string, string[]>();
  const what = { filter: subjects.key('*'), after: 0, maxRecords: 500 };
  for await (const batch of readToEnd(admin.log, what, AbortSignal.timeout(PATIENCE_MS))) {
    for (const { subject, data } of batch) {
      const { kek } = Value.Parse(KeyRecord, JSON.parse(Buffer.from(data).toString()));
      keks.set(subject, [...(keks.get(subject) ?? []), kek]);
    }
  }
  return keks;
}

/** The position of an attempt's record in the log. */
async function positionOf(attempt: string): Promise<number | undefined> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return (await admin.log.readLastFromLeader(subjects.attempt(attempt), signal))?.position;
}

test.serial('links made before and after a rotation of their keys work', async (t) => {
  const { current: older } = readKeyRingFile(verificationKey);
  const toAccount = async () => ({ id: await register(), kind: 'registered' as const });
  const toAttempt = async () => ({ id: await attempt(), kind: 'attempt' as const });
  const before = await Promise.all([toAccount(), toAttempt()]);
  const tokensBefore = await Promise.all(before.map(({ id, kind }) => actors.tokenFor(id, kind)));
  const { status, stdout, stderr } = await keys('rotate', 'verification').ended;
  t.is(status, 0, stderr);
  const report = JSON.parse(stdout);
  t.like(report, { ring: 'verification', removed: [] });
  t.true(report.kept.includes(older));
  t.not(report.current, older);
  const after = await Promise.all([toAccount(), toAttempt()]);
  // The test's own mailbox reads the ring as late as any process.
  let tokensAfter: string[] = [];
  await waitUntil(async () => {
    tokensAfter = await Promise.all(after.map(({ id, kind }) => actors.tokenFor(id, kind)));
    return tokensAfter.every((token) => kidOf(token) === report.current);
  });
  for (const token of tokensBefore) t.is(kidOf(token), older);
  const tokens = [...tokensBefore, ...tokensAfter];
  for (const [n, { id }] of [...before, ...after].entries()) {
    const proven = await actors.anyone.verifyEmail({ body: { token: tokens[n] ?? '' } });
    if (proven.status !== 202) return t.fail(`the proof was answered ${proven.status}`);
    t.like((await actors.read(id, proven.headers.Position)).body, { emailVerified: true });
  }
});

test.serial('positions from before a rotation of their keys are still accepted', async (t) => {
  const { id, position } = await actors.register(
    personAt(`rotation.position.${process.pid}@example.org`),
  );
  // A link seals the position of its attempt.
  const waiting = await attempt();
  const token = await actors.tokenFor(waiting, 'attempt');
  const { status, stderr } = await keys('rotate', 'position').ended;
  t.is(status, 0, stderr);
  t.is((await actors.read(id, position)).status, 200);
  t.is((await actors.anyone.verifyEmail({ body: { token } })).status, 202);
});

test.serial('a rotation that is interrupted from the keyboard restores its ring', async (t) => {
  const path = stack.keys.positionKeyFile;
  const stopped = keys('rotate', 'position');
  // Added, but not yet read by every process.
  await waitUntil(() => readKeyRingFile(path).next !== undefined);
  const { next } = readKeyRingFile(path);
  stopped.child.kill('SIGINT');
  const { status, stderr } = await stopped.ended;
  t.is(status, 130);
  t.true(stderr.includes('The same command goes on from here.'));
  t.false(existsSync(`${path}.lock`));
  const { stdout } = await keys('rotate', 'position').ended;
  t.is(JSON.parse(stdout).current, next);
});

test.serial(
  'everybody stays readable through a killed rotation, and the older key wraps nothing after it',
  async (t) => {
    t.timeout(ROTATION_DEADLINE_MS + 60_000);
    const { current: older } = readKeyRingFile(kekFile);
    const before = await registerMany(200);
    const toErase = await registerMany(20);
    const waiting = await attempt();
    const positionOfAttempt = await positionOf(waiting);

    const first = keys('rotate', 'kek', '--grace', '4');
    const over = new AbortController();
    t.teardown(() => over.abort());
    const registering = (async () => {
      const during: string[] = [];
      while (!over.signal.aborted) {
        // A higher rate would only take processor time from the tested rotation.
        await pause(BETWEEN_REGISTRATIONS_MS);
        during.push(...(await registerMany(10)));
      }
      return during;
    })();
    // Wait for the new key to be current, so that the killed command leaves both in use.
    await waitUntil(() => readKeyRingFile(kekFile).current !== older);
    first.child.kill('SIGKILL');
    t.is((await first.ended).status, 'SIGKILL');
    const erased = Promise.all(toErase.map((id) => actors.operator.eraseUser({ params: { id } })));
    const projectors = stack.services.filter(({ service }) => service === 'projector');
    for (const { name } of projectors) await kill(name, performance.now());
    for (const { status } of await erased) t.true(status === 202 || status === 503);

    const { status, stdout, stderr } = await keys('rotate', 'kek', '--grace', '4').ended;
    over.abort();
    t.is(status, 0, stderr);
    const report = JSON.parse(stdout);
    t.like(report, { ring: 'kek', removed: [older], kept: [] });
    const during = await registering;
    t.true(during.length > 0);
    const after = await registerMany(10);

    t.deepEqual(Object.keys(readKeyRingFile(kekFile).keys), [report.current]);
    const keks = await readKeks();
    for (const id of [...before, ...during, ...after]) {
      t.deepEqual(keks.get(subjects.key(id)), [report.current]);
    }
    t.deepEqual([...new Set([...keks.values()].flat())], [report.current]);
    for (const id of toErase) {
      await waitUntil(async () => !(await admin.log.hasRecord(subjects.key(id), signal)));
    }
    for (const id of [...before.slice(0, 20), ...during.slice(0, 20), ...after]) {
      await changeAndRead(t, id);
    }
    t.is(await positionOf(waiting), positionOfAttempt, 'attempts are not wrapped by it');
    t.is((await actors.prove(waiting, 'attempt')).userId, waiting);
  },
);

test.serial('the keys are listed by their ids, with what each wraps', async (t) => {
  const { status, stdout, stderr } = await keys('list').ended;
  t.is(status, 0, stderr);
  const { rings } = JSON.parse(stdout);
  const kek = rings.find((each: { ring: string }) => each.ring === 'kek');
  const { current, since, keys: held } = readKeyRingFile(kekFile);
  t.deepEqual(kek.keys, [
    { id: current, state: 'current', since: since?.[current], records: (await readKeks()).size },
  ]);
  for (const key of Object.values(held)) t.false(stdout.includes(key));
});

test.serial(
  'the ring of attempts has a key for today, and a rotation does not change it',
  async (t) => {
    const today = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
    const waiting = await attempt();
    const listed = JSON.parse((await keys('list', 'attempt').ended).stdout);
    const [ring] = listed.rings;
    t.is(ring.ring, 'attempt');
    t.like(
      ring.keys.find(({ id }: { id: string }) => id === today),
      { state: 'current', records: null },
    );
    t.true(ring.keys.filter(({ state }: { state: string }) => state === 'next').length >= 3);
    t.is((await keys('rotate', 'attempt').ended).status, 2);
    t.is((await keys('tend').ended).status, 0);
    t.is((await actors.prove(waiting, 'attempt')).userId, waiting);
  },
);

test.serial('a rotation that is not possible is refused with the reason', async (t) => {
  t.is((await keys('rotate').ended).status, 2);
  t.is((await keys('rotate', 'kek', '--finish').ended).status, 2);
  t.is((await keys('rotate', 'kek', '--grace', '0').ended).status, 2);
});

function kidOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}
