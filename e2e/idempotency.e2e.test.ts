import {
  type Client,
  createClient,
  type RegisterCommand,
  type Scope,
  SCOPES,
} from '@zameni/contracts';
import test from 'ava';
import { createActors, personAt } from './actors.ts';
import { attachSystem } from './system.ts';

const COPIES = 50;

const system = await attachSystem();
const actors = await createActors(system, 'idempotency');
const { operator, anyone, prove, read } = actors;

const token = await system.token(Object.keys(SCOPES) as Scope[], 'idempotency');
/** A client of each process itself, past the gateway. */
const processes = system.stack.services
  .filter(({ service }) => service === 'command-api')
  .map(({ url }) => createClient({ baseUrl: url, fetch, token }));

test.after.always(() => actors[Symbol.asyncDispose]());

/** Everything a caller can tell two answers apart by. */
async function answerOf(client: Client, body: RegisterCommand, key: string) {
  const answer = await client.registerPerson({ body, headers: { 'Idempotency-Key': key } });
  const { status, headers } = answer;
  return { status, headers, body: 'code' in answer ? answer.code : answer.body };
}

function idOf({ body }: Awaited<ReturnType<typeof answerOf>>): string {
  if (typeof body === 'string') throw new Error(`refused: ${body}`);
  return 'userId' in body ? body.userId : body.registrationId;
}

test('copies that race over both processes get one answer and make one person', async (t) => {
  const body = personAt('race@idempotency.example.org');
  const answers = await Promise.all(
    Array.from({ length: COPIES }, (_, n) =>
      answerOf(processes[n % processes.length] ?? operator, body, 'idempotency-race-0001'),
    ),
  );
  const [first] = answers;
  if (first === undefined) return t.fail();
  t.is(processes.length, 2);
  t.is(first.status, 201);
  for (const answer of answers) t.deepEqual(answer, first);
  t.is((await read(idOf(first), first.headers.Position ?? '')).status, 200);
});

test('an attempt that waits for proof is answered the same as long as it is asked', async (t) => {
  const email = 'waiting@idempotency.example.org';
  await actors.register(personAt(email));
  const ask = () => answerOf(operator, personAt(email), 'idempotency-waiting-1');
  const first = await ask();
  t.is(first.status, 202);
  t.deepEqual(await ask(), first);
  await prove(idOf(first), 'registered');
  t.deepEqual(await ask(), first);
});

test('a refusal is answered the same after the address has become free', async (t) => {
  const email = 'refused@idempotency.example.org';
  const { id } = await actors.register(personAt(email));
  await prove(id, 'registered');
  const ask = () => answerOf(operator, personAt(email), 'idempotency-refused-1');
  const first = await ask();
  t.is(first.status, 409);
  const body = { email: 'moved@idempotency.example.org' };
  await operator.changeEmail({ params: { id }, body });
  await prove(id, 'email-change-requested');
  t.deepEqual(await ask(), first);
  t.is((await actors.register(personAt(email))).status, 201);
});

test('a retry after the person has changed everything gets the first answer and changes nothing', async (t) => {
  const body = personAt('first@idempotency.example.org');
  const ask = () => answerOf(operator, body, 'idempotency-changed-1');
  const first = await ask();
  const params = { id: idOf(first) };
  await prove(params.id, 'registered');
  await operator.updateUser({ params, body: { displayName: 'Vera Changed' } });
  await operator.changeEmail({ params, body: { email: 'second@idempotency.example.org' } });
  const position = await prove(params.id, 'email-change-requested');
  t.deepEqual(await ask(), first);
  const after = await read(params.id, position);
  t.like(after.body, { email: 'second@idempotency.example.org', displayName: 'Vera Changed' });
});

test('another body under the same key is refused', async (t) => {
  const key = 'idempotency-reused-0123456789';
  const body = personAt('reused@idempotency.example.org');
  const first = await answerOf(anyone, body, key);
  t.is(first.status, 202);
  for (const other of [
    { ...body, locale: 'de' },
    { ...body, displayName: 'Vera Other' },
    { ...body, profile: {} },
    { ...body, termsVersion: '2026-02' },
    { ...body, email: 'Reused@idempotency.example.org' },
  ]) {
    t.like(await answerOf(anyone, other, key), { status: 422, body: 'idempotency-key-reused' });
  }
  // The same meaning in another order, with the defaults left out, is the same body.
  const { profile, ...rest } = body;
  t.deepEqual(await answerOf(anyone, { ...(profile && { profile }), ...rest }, key), first);
});

test('one key of two callers is two registrations', async (t) => {
  const key = 'idempotency-callers-0123456789';
  const mine = await answerOf(operator, personAt('mine@idempotency.example.org'), key);
  const theirs = await answerOf(anyone, personAt('theirs@idempotency.example.org'), key);
  t.not(idOf(mine), idOf(theirs));
});

test('a retry after the person was erased gets the first answer, never a new person', async (t) => {
  const body = personAt('erased@idempotency.example.org');
  const ask = () => answerOf(operator, body, 'idempotency-erased-01');
  const first = await ask();
  const id = idOf(first);
  const erased = await operator.eraseUser({ params: { id } });
  t.is(erased.status, 202);
  t.deepEqual(await ask(), first);
  t.is((await read(id, first.headers.Position ?? '')).status, 410);
});
