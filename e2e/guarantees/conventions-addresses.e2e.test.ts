import { randomUUID } from 'node:crypto';
import type { RegisterCommand } from '@zameni/contracts';
import test from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'conventions-addresses');
const { operator, anyone, register, read } = actors;
test.after.always(() => actors[Symbol.asyncDispose]());

const faultOf = async (body: RegisterCommand, by = anyone) => {
  const answer = await by.registerPerson({ body });
  return answer.status === 422 ? answer.body.errors : answer.status;
};
const statusOf = async (email: string) =>
  (await operator.registerPerson({ body: personAt(email) })).status;
const freshName = () => `a${randomUUID()}`;

test('a local part that NFKC would change is refused at every door', async (t) => {
  const email = `\ufb01ona.${randomUUID()}@example.org`;
  const errors = [{ pointer: '/email', code: 'not-normalized' }];
  t.deepEqual(await faultOf(personAt(email)), errors);
  t.deepEqual(await faultOf(personAt(email), operator), errors);
  const resend = await anyone.resendVerification({ body: { email } });
  t.like(resend, { status: 422, body: { errors } });
  const { id } = await register(personAt(`${freshName()}@example.org`));
  const change = await operator.changeEmail({ params: { id }, body: { email } });
  t.like(change, { status: 422, body: { errors } });
});

test('hosts that differ in IDNA are two claims, and the spellings of one host are one', async (t) => {
  const local = freshName();
  t.is(await statusOf(`${local}@βόλος.example`), 201);
  t.is(await statusOf(`${local}@βόλοσ.example`), 201);
  t.is(await statusOf(`${local}@xn--nxasmm1c.example`), 409);
  t.is(await statusOf(`${local}@XN--NXASMQ6B.example`), 409);
  t.is(await statusOf(`${local}@straße.example`), 201);
  t.is(await statusOf(`${local}@strasse.example`), 201);
  t.is(await statusOf(`${local}@نامه\u200cای.example`), 201);
  t.is(await statusOf(`${local}@xn--mgba3gch31f060k.example`), 409);
  t.deepEqual(await faultOf(personAt(`${local}@exa\u200cmple.org`)), [
    { pointer: '/email', code: 'invisible-character' },
  ]);
});

test('lengths of addresses count octets', async (t) => {
  const tooLong = [{ pointer: '/email', code: 'too-long' }];
  t.deepEqual(await faultOf(personAt(`${'ж'.repeat(64)}@example.org`)), tooLong);
  t.is(await statusOf(`${randomUUID().slice(0, 8)}${'ж'.repeat(28)}@example.org`), 201);
});

test('names are accepted as people write them, and one that shows nothing is refused', async (t) => {
  const england = '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}';
  for (const displayName of [`Fiona ${england}`, 'דוד\u200f כהן', 'علی\u200cرضا']) {
    const person = { ...personAt(`${freshName()}@example.org`), displayName };
    const { id, position } = await register(person);
    t.like(await read(id, position), { status: 200, body: { displayName } });
  }
  const faultOfName = (displayName: string) =>
    faultOf({ ...personAt(`${freshName()}@example.org`), displayName });
  const of = (code: string) => [{ pointer: '/displayName', code }];
  t.deepEqual(await faultOfName('\u2800'), of('nothing-visible'));
  t.deepEqual(await faultOfName('\u3164'), of('invisible-character'));
  t.deepEqual(await faultOfName('Vera\u200f'), of('invisible-character'));
});
