import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ClaimRecord, subjectFilters } from '@zameni/contracts';
import {
  type ClaimPhase,
  createDigests,
  type LogRecord,
  readPepperRing,
  readKeyRingFile,
  readToEnd,
} from '@zameni/runtime';
import { PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { Value } from 'typebox/value';
import { kill } from '../support/kills.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { readClaimLayout } from '../log/claim-names.ts';
import { createActors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { attachSystem } from '../support/system.ts';

const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');
const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'pepper-rotation');
const admin = await openAdminLog(stack, 'pepper-rotation');
const { pepperFile } = stack.keys;
const digests = createDigests(readPepperRing(pepperFile));
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

const ROTATION_DEADLINE_MS = 300_000;
const ANSWER_DEADLINE_MS = 60_000;
const LANES = 4;
const BETWEEN_RACES_MS = 1_000;

/** The points at which the command is killed, and the processes killed with it. */
const KILLS: readonly (readonly [phase: ClaimPhase, ...processes: string[]])[] = [
  ['write-both', 'command-api-1'],
  ['copy', 'projector-1', 'projector-2'],
  ['delete', 'projector-1'],
];

type Ended = { readonly status: number | string; readonly stdout: string; readonly stderr: string };

/** Runs the rotation as an operator does. `stop` kills it. */
function rotate(): { stop: () => void; ended: Promise<Ended> } {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const args = ['keys', 'rotate', 'pepper', '--grace', '4', '--profile', stack.profile, '--json'];
  const options = { timeout: ROTATION_DEADLINE_MS };
  const child = execFile(process.execPath, [zameni, ...args], options, (error, stdout, stderr) => {
    resolve({ status: error === null ? 0 : (error.code ?? error.signal ?? -1), stdout, stderr });
  });
  return { stop: () => child.kill('SIGKILL'), ended: promise };
}

/** The final answer. Processes are killed at the same time, and a key makes retries safe. */
async function surely<Answer>(ask: (key: string) => Promise<Answer | undefined>): Promise<Answer> {
  const key = randomUUID();
  const answers: Answer[] = [];
  await waitUntil(async () => {
    const answer = await ask(key).catch(() => undefined);
    if (answer !== undefined) answers.push(answer);
    return answers.length > 0;
  }, ANSWER_DEADLINE_MS);
  const [first] = answers;
  if (first === undefined) throw new Error('no answer in time');
  return first;
}

/** The account that got an address, or `taken` if another one has it. */
type Outcome = { readonly id: string } | 'taken';

const register = (email: string): Promise<Outcome> =>
  surely(async (key) => {
    const headers = { 'Idempotency-Key': key };
    const answer = await actors.operator.registerPerson({ body: personAt(email), headers });
    if (answer.status === 201) return { id: answer.body.userId };
    return answer.status === 409 ? 'taken' : undefined;
  });

const follow = (token: string): Promise<Outcome> =>
  surely(async () => {
    const answer = await actors.anyone.verifyEmail({ body: { token } });
    if (answer.status === 202) return { id: answer.body.userId };
    return answer.status === 409 ? 'taken' : undefined;
  });

/** An attempt on an address, and its link. */
const attempt = (email: string): Promise<string> =>
  surely(async (key) => {
    const { id } = await actors.attempt(personAt(email), key);
    return actors.tokenFor(id, 'attempt');
  });

const erase = (id: string): Promise<true> =>
  surely(async () => {
    const { status } = await actors.operator.eraseUser({ params: { id } });
    return status === 202 ? true : undefined;
  });

/** A caller who learned that an address is theirs. */
type Holder = { readonly email: string; readonly id: string };

let count = 0;
function newAddress(when: string): string {
  count += 1;
  return `${when}.${count}.${process.pid}@pepper.example.org`;
}

/**
 * Two registrations are vouched for and one is proven, all at once. Exactly one gets the address.
 */
async function race(when: string): Promise<Holder & { readonly winners: number }> {
  const email = newAddress(when);
  const link = await attempt(email);
  const rivals = await Promise.all([register(email), register(email), follow(link)]);
  const winners = rivals.flatMap((outcome) => (outcome === 'taken' ? [] : [outcome.id]));
  return { email, id: winners[0] ?? '', winners: winners.length };
}

const races = (when: string, n: number) =>
  mapConcurrently(Array.from({ length: n }), LANES, () => race(when));

async function readClaims(): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const what = { filter: subjectFilters.claims, after: 0, maxRecords: 500 };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for await (const batch of readToEnd(admin.log, what, signal)) records.push(...batch);
  return records;
}

async function claimOf(email: string): Promise<ClaimRecord | undefined> {
  const { believed } = readClaimLayout(stack).placeOf(digests.claimOf(email));
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const record = await admin.log.readLastFromLeader(believed, signal);
  return record && Value.Parse(ClaimRecord, JSON.parse(Buffer.from(record.data).toString()));
}

test.serial(
  'through a killed rotation every address keeps one holder, and the old subjects disappear',
  async (t) => {
    t.timeout(ROTATION_DEADLINE_MS + 120_000);
    const { current: older } = readKeyRingFile(pepperFile);
    const before = await races('before', 24);
    const [proven, unproven, waiting] = [
      newAddress('proven'),
      newAddress('unproven'),
      newAddress('waiting'),
    ];
    const { id: provenId } = await actors.join(personAt(proven));
    const { id: unprovenId } = await actors.register(personAt(unproven));
    const waitingLink = await attempt(waiting);
    const oldSubjects = new Set((await readClaims()).map(({ subject }) => subject));
    t.true(oldSubjects.size >= before.length, 'the control');

    const over = new AbortController();
    const during: Awaited<ReturnType<typeof race>>[] = [];
    const erased: Holder[] = [];
    const load = (async () => {
      const toErase = before.slice(0, 12);
      while (!over.signal.aborted) {
        // At full speed it would make ten thousand claims, which take minutes to delete.
        await pause(BETWEEN_RACES_MS);
        during.push(...(await races('during', LANES)));
        const gone = toErase.pop();
        if (gone === undefined) continue;
        await erase(gone.id);
        erased.push(gone);
      }
    })();

    for (const [phase, ...processes] of KILLS) {
      const { stop, ended } = rotate();
      await Promise.race([
        waitUntil(() => readKeyRingFile(pepperFile).phase === phase, ROTATION_DEADLINE_MS),
        ended,
      ]);
      t.is(readKeyRingFile(pepperFile).phase, phase);
      stop();
      t.is((await ended).status, 'SIGKILL');
      await Promise.all(processes.map((name) => kill(name, performance.now())));
    }
    const { status, stdout, stderr } = await rotate().ended;
    over.abort();
    await load;
    t.is(status, 0, stderr);
    const { current, phase, layers } = readKeyRingFile(pepperFile);
    t.is(phase, undefined);
    t.not(current, older);
    t.deepEqual(layers?.slice(-2), [older, current]);
    t.deepEqual(JSON.parse(stdout), {
      ring: 'pepper',
      current,
      removed: [],
      kept: Object.keys(readKeyRingFile(pepperFile).keys).filter((id) => id !== current),
    });
    t.true(during.length > LANES && erased.length > 0, 'the control');
    const after = await races('after', 10);

    // The eraser may still have to delete the last releases.
    await waitUntil(async () =>
      (await readClaims()).every(({ subject }) => subject.startsWith(`zameni.claim.${current}:`)),
    );
    for (const { subject } of await readClaims()) t.false(oldSubjects.has(subject));

    for (const { email, winners } of [...before, ...during, ...after]) t.is(winners, 1, email);
    const holders = [...before, ...during, ...after].filter(
      ({ id }) => !erased.some((gone) => gone.id === id),
    );
    await mapConcurrently(holders, LANES, async ({ email, id }) => {
      t.like(await claimOf(email), { state: 'held', userId: id });
    });
    const taken = [...during.slice(0, 20), ...after].map(({ email }) => email);
    for (const email of [...taken, proven, unproven]) {
      t.is(await register(email), 'taken', `${email} is still taken`);
    }
    t.like(await claimOf(proven), { state: 'held', userId: provenId, verified: true });
    t.like(await claimOf(unproven), { state: 'held', userId: unprovenId, verified: false });
    const late = await follow(waitingLink);
    if (late === 'taken')
      return t.fail('an attempt from before the rotation cannot be proven after it');
    t.like(await claimOf(waiting), { state: 'held', userId: late.id, verified: true });
    for (const { email } of erased) {
      const again = await register(email);
      if (again === 'taken') return t.fail(`${email} is free again`);
      t.like(await claimOf(email), { state: 'held', userId: again.id });
    }
  },
);
