import { ACCOUNTS_STREAM } from '@zameni/contracts';
import { createPositions, type LogRecord, readKeyRing } from '@zameni/runtime';
import { connectTestNats, PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { sendHalf, sendHalfProof } from '../atomicity/half-batch.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const ADVISORY = `$JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.${ACCOUNTS_STREAM.name}`;

/** More than the default limit of a server, which is 50. */
const MANY = 120;

const system = await attachSystem();
const positions = createPositions(readKeyRing(system.stack.keys.positionKeyFile));
const actors = await createActors(system, 'half-sent');
const admin = await openAdminLog(system.stack, 'half-sent');
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

/** The records of the log on some subjects, read from its leader. */
async function stored(subjects: readonly string[]): Promise<LogRecord[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const read = (subject: string) => admin.log.readLastFromLeader(subject, signal);
  const records = await Promise.all(subjects.map(read));
  return records.filter((record) => record !== undefined);
}

/** Registers an address with the API, returns the id, and logs the duration. */
async function register(t: ExecutionContext, email: string): Promise<string> {
  const startedAt = performance.now();
  const { id } = await actors.register(personAt(email));
  t.log(`registered in ${(performance.now() - startedAt).toFixed(0)} ms`);
  return id;
}

/** Counts the batches that the log drops from now on. */
async function countAbandoned(t: ExecutionContext): Promise<() => number> {
  const nc = await connectTestNats(t, 'admin');
  let abandoned = 0;
  nc.subscribe(ADVISORY, { callback: () => void (abandoned += 1) });
  await nc.flush();
  return () => abandoned;
}

// First and alone: the log counts the batches it dropped, and all of them must be of this test.
test.serial('half a registration blocks no address, and the log drops it', async (t) => {
  const abandoned = await countAbandoned(t);
  const nc = await connectTestNats(t, 'command-api');
  const taken = 'taken@half-sent.example.org';
  const free = 'free@half-sent.example.org';
  const ofTaken = await sendHalf(nc, system.stack, taken);
  const ofFree = await sendHalf(nc, system.stack, free);
  const id = await register(t, taken);
  const [claim, ...others] = await stored(ofTaken.subjects);
  t.true(Buffer.from(claim?.data ?? '').includes(id));
  t.deepEqual(others, []);
  await waitUntil(() => abandoned() >= 2);
  const outcome = await ofFree.goOn();
  t.log(outcome);
  t.is(outcome.status, 'unknown');
  t.is((await stored(ofTaken.subjects)).length, 1);
  t.deepEqual(await stored(ofFree.subjects), []);
  await register(t, free);
});

test('nothing is left of a batch whose sender is gone', async (t) => {
  const nc = await connectTestNats(t, 'command-api');
  const email = 'gone@half-sent.example.org';
  const { subjects } = await sendHalf(nc, system.stack, email);
  await nc.close();
  t.deepEqual(await stored(subjects), []);
  await register(t, email);
  t.is((await stored(subjects)).length, 1);
});

test('a commit that comes after another account got the address appends nothing', async (t) => {
  const nc = await connectTestNats(t, 'command-api');
  const email = 'late@half-sent.example.org';
  const { subjects, goOn } = await sendHalf(nc, system.stack, email);
  const id = await register(t, email);
  t.deepEqual(await goOn(), { status: 'conflict' });
  const [claim, ...others] = await stored(subjects);
  t.true(Buffer.from(claim?.data ?? '').includes(id));
  t.deepEqual(others, []);
});

test('half a proof closes no attempt, and its link still works', async (t) => {
  const nc = await connectTestNats(t, 'command-api');
  const email = 'proof@half-sent.example.org';
  const { id, position: sealed } = await actors.attempt(personAt(email));
  const token = await actors.tokenFor(id, 'attempt');
  const position = positions.open(sealed) ?? 0;
  const { subjects, goOn } = await sendHalfProof(nc, system.stack, { id, position, email });
  t.deepEqual(
    (await stored(subjects)).map((record) => record.position),
    [position],
  );
  t.is(await actors.status(id, sealed), 'awaiting-proof');
  const answer = await actors.anyone.verifyEmail({ body: { token } });
  t.is(answer.status, 202);
  t.deepEqual(await goOn(), { status: 'conflict' });
});

test(`${MANY} unfinished batches delay nobody`, async (t) => {
  const nc = await connectTestNats(t, 'command-api');
  const emails = Array.from({ length: MANY }, (_, n) => `many-${n}@half-sent.example.org`);
  const halves = await Promise.all(emails.map((email) => sendHalf(nc, system.stack, email)));
  await register(t, emails[0] ?? '');
  await register(t, 'beside@half-sent.example.org');
  const all = await Promise.all(halves.map(({ subjects }) => stored(subjects)));
  t.is(all.flat().length, 1);
});
