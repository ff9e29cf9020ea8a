import {
  type Client,
  createClient,
  type RegisterCommand,
  type Scope,
  SCOPES,
} from '@zameni/contracts';
import test from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const COPIES = 50;

const system = await attachSystem();
const actors = await createActors(system, 'idempotency');
const { operator, anyone, prove, read, status: statusOf } = actors;

const token = await system.token(Object.keys(SCOPES) as Scope[], 'idempotency');
/** Clients of each process, past the gateway. */
const urls = system.stack.services
  .filter(({ service }) => service === 'command-api')
  .map(({ url }) => url);
const processes = urls.map((baseUrl) => createClient({ baseUrl, fetch, token }));
const strangers = urls.map((baseUrl) => createClient({ baseUrl, fetch }));

test.after.always(() => actors[Symbol.asyncDispose]());

/** The parts of an answer that a caller can compare. */
async function answerOf(client: Client, body: RegisterCommand, key: string) {
  const answer = await client.registerPerson({ body, headers: { 'Idempotency-Key': key } });
  const { status, headers } = answer;
  return { status, headers, body: 'code' in answer ? answer.code : answer.body };
}

function idOf({ body }: Awaited<ReturnType<typeof answerOf>>): string {
  if (typeof body === 'string') throw new Error(`refused: ${body}`);
  return 'userId' in body ? body.userId : body.registrationId;
}

/** Variants of one body that mean something else. */
function othersOf(body: RegisterCommand): readonly RegisterCommand[] {
  return [
    { ...body, locale: 'de' },
    { ...body, displayName: 'Vera Other' },
    { ...body, profile: {} },
    { ...body, termsVersion: '2026-02' },
    { ...body, email: body.email.replace(/^./, (first) => first.toUpperCase()) },
  ];
}

/** The same meaning in another order. */
function turned({ profile, ...rest }: RegisterCommand): RegisterCommand {
  return { ...(profile && { profile }), ...rest };
}

const copiesOf = test.macro<['vouched' | 'public']>({
  title: (_, kind) =>
    `copies of a ${kind} registration that race over both processes get one answer`,
  exec: async (t, kind) => {
    const body = personAt(`race-${kind}@idempotency.example.org`);
    const clients = kind === 'vouched' ? processes : strangers;
    const answers = await Promise.all(
      Array.from({ length: COPIES }, (_, n) =>
        answerOf(clients[n % clients.length] ?? operator, body, '5e8a1c0b-race-4f6d-9b2e-0c7d3a1f'),
      ),
    );
    const [first] = answers;
    if (first === undefined) return t.fail();
    t.is(clients.length, 2);
    t.is(first.status, kind === 'vouched' ? 201 : 202);
    for (const answer of answers) t.deepEqual(answer, first);
    const [id, position] = [idOf(first), first.headers.Position ?? ''];
    t.is(await statusOf(id, position), kind === 'vouched' ? 'registered' : 'awaiting-proof');
    t.is((await read(id, position)).status, kind === 'vouched' ? 200 : 404);
  },
});
test(copiesOf, 'vouched');
test(copiesOf, 'public');

test('a vouched retry gets the first answer, whatever happened to the account since', async (t) => {
  const body = personAt('first@idempotency.example.org');
  const ask = () => answerOf(operator, body, 'idempotency-changed-1');
  const first = await ask();
  t.is(first.status, 201);
  const params = { id: idOf(first) };
  await prove(params.id, 'registered');
  await operator.updateUser({ params, body: { displayName: 'Vera Changed' } });
  await operator.changeEmail({ params, body: { email: 'second@idempotency.example.org' } });
  const { position } = await prove(params.id, 'email-change-requested');
  t.deepEqual(await ask(), first);
  const after = await read(params.id, position);
  t.like(after.body, { email: 'second@idempotency.example.org', displayName: 'Vera Changed' });
});

test('a vouched refusal is decided again: it registers once the address is free', async (t) => {
  const email = 'refused@idempotency.example.org';
  const { id } = await actors.register(personAt(email));
  const ask = () => answerOf(operator, personAt(email), 'idempotency-refused-1');
  t.like(await ask(), { status: 409, body: 'address-taken' });
  t.like(await ask(), { status: 409, body: 'address-taken' });
  const body = { email: 'moved@idempotency.example.org' };
  await operator.changeEmail({ params: { id }, body });
  await prove(id, 'email-change-requested');
  const registered = await ask();
  t.is(registered.status, 201);
  t.not(idOf(registered), id);
  t.deepEqual(await ask(), registered);
});

test('another body under the key of a vouched registration is refused', async (t) => {
  const key = 'idempotency-reused-0123456789';
  const body = personAt('reused-vouched@idempotency.example.org');
  const first = await answerOf(operator, body, key);
  t.is(first.status, 201);
  for (const other of [...othersOf(body), { ...body, emailVerified: true }]) {
    t.like(await answerOf(operator, other, key), { status: 422, body: 'idempotency-key-reused' });
  }
  t.deepEqual(await answerOf(operator, turned(body), key), first);
  // A missing field means no.
  t.deepEqual(await answerOf(operator, { ...body, emailVerified: false }, key), first);
});

test('after an erasure a vouched retry learns of it, whatever its body', async (t) => {
  const body = personAt('erased@idempotency.example.org');
  const ask = (other = body) => answerOf(operator, other, 'idempotency-erased-01');
  const first = await ask();
  const id = idOf(first);
  t.is((await operator.eraseUser({ params: { id } })).status, 202);
  for (const retry of [body, ...othersOf(body)]) {
    t.like(await ask(retry), { status: 410, body: 'user-erased' });
  }
  t.is((await read(id, first.headers.Position ?? '')).status, 410);
});

test('a public retry gets the first answer, also when the attempt is an account', async (t) => {
  const key = '7c1f3f1e-0b5a-4d83-9a4f-public000001';
  const body = personAt('reused-public@idempotency.example.org');
  const first = await answerOf(anyone, body, key);
  t.is(first.status, 202);
  const isAnsweredAgain = async () => {
    t.deepEqual(await answerOf(anyone, body, key), first);
    t.deepEqual(await answerOf(anyone, turned(body), key), first);
    for (const other of othersOf(body)) {
      t.like(await answerOf(anyone, other, key), { status: 422, body: 'idempotency-key-reused' });
    }
  };
  await isAnsweredAgain();
  const id = idOf(first);
  const { userId } = await prove(id, 'attempt');
  t.is(userId, id);
  const retried = await answerOf(anyone, body, key);
  t.is(idOf(retried), id);
  for (const other of othersOf(body)) {
    t.like(await answerOf(anyone, other, key), { status: 422, body: 'idempotency-key-reused' });
  }
  const later = { ...body, email: 'reused-later@idempotency.example.org' };
  await operator.changeEmail({ params: { id }, body: { email: later.email } });
  const { position } = await prove(id, 'email-change-requested');
  t.deepEqual(await answerOf(anyone, body, key), retried);
  t.like((await read(id, position)).body, { email: later.email, version: 3 });
});

const afterErasure = test.macro<['attempt' | 'account']>({
  title: (_, erased) => `after the erasure of the ${erased} a public retry gets the same 202`,
  exec: async (t, erased) => {
    const key = `7c1f3f1e-0b5a-4d83-9a4f-erased-${erased}`;
    const body = personAt(`public-${erased}@idempotency.example.org`);
    const first = await answerOf(anyone, body, key);
    const id = idOf(first);
    if (erased === 'account') await prove(id, 'attempt');
    const erasure = await operator.eraseUser({ params: { id } });
    if (erasure.status !== 202) return t.fail(erasure.code);
    const retried = await answerOf(anyone, body, key);
    t.is(retried.status, 202);
    t.is(idOf(retried), id);
    for (const other of othersOf(body)) t.deepEqual(await answerOf(anyone, other, key), retried);
    t.is(await statusOf(id, erasure.headers.Position), undefined);
  },
});
test(afterErasure, 'attempt');
test(afterErasure, 'account');

test('one key never means an attempt and an account at once', async (t) => {
  const key = '7c1f3f1e-0b5a-4d83-9a4f-callers00001';
  const subject = 'idempotency-callers';
  const [vouching, plain] = await Promise.all(
    [['registrations:write'] as const, [] as const].map(async (scopes) =>
      createClient({
        baseUrl: system.gatewayUrl,
        fetch,
        token: await system.token(scopes, subject),
      }),
    ),
  );
  if (vouching === undefined || plain === undefined) return t.fail();
  const body = personAt('callers@idempotency.example.org');
  const answers = [
    await answerOf(vouching, body, key),
    // The same caller, without the scope.
    await answerOf(plain, body, key),
    await answerOf(anyone, body, key),
  ];
  t.deepEqual(
    answers.map(({ status }) => status),
    [201, 202, 202],
  );
  t.is(new Set(answers.map(idOf)).size, 3);
  const other = await answerOf(operator, personAt('callers-2@idempotency.example.org'), key);
  t.false(answers.map(idOf).includes(idOf(other)), 'another caller');
});
