import { ForgetRecord, recordKind } from '@zameni/contracts';
import test from 'ava';
import { Value } from 'typebox/value';
import { as, createApi, person, readAll } from './api.fixture.ts';

const writer = as('client-1', 'users:write');
const eraser = as('client-1', 'users:erase');
const NEW_ADDRESS = 'new@example.net';

type Api = ReturnType<typeof createApi>;

/** What commits asked to be deleted so far, and where each lies among the kinds of its commit. */
async function readForgets({ log }: Api) {
  const records = await readAll(log);
  return records.flatMap(({ subject, data }, n) => {
    if (recordKind(subject) !== 'forget') return [];
    const record = Value.Parse(ForgetRecord, JSON.parse(Buffer.from(data).toString('utf8')));
    const kinds = records.map((one) => recordKind(one.subject));
    return [{ record, before: kinds.slice(n - 1, n), after: kinds.slice(n + 1) }];
  });
}

test('an erasure leaves claim and keys to be deleted, said behind the one and before the events', async (t) => {
  const api = createApi(t);
  const userId = await api.register();
  await api.send({ method: 'DELETE', url: `/v1/users/${userId}`, headers: eraser });
  const claim = api.digests.claimOf(person.email.toLowerCase());
  t.deepEqual(await readForgets(api), [
    {
      record: { claims: [claim], people: [{ userId, why: 'erased' }] },
      before: ['claim'],
      after: ['account'],
    },
  ]);
});

test('a changed address leaves the old claim, and its person keeps her keys', async (t) => {
  const api = createApi(t);
  const userId = await api.register();
  await api.prove(userId);
  const url = `/v1/users/${userId}/email-changes`;
  await api.send({ url, body: { email: NEW_ADDRESS }, headers: writer });
  t.deepEqual(await readForgets(api), []);
  await api.prove(userId, NEW_ADDRESS, 'email-change-requested');
  const claim = api.digests.claimOf(person.email.toLowerCase());
  t.deepEqual(
    (await readForgets(api)).map(({ record }) => record),
    [{ claims: [claim], people: [] }],
  );
});

test('who loses an address to its proof leaves keys, and the claim stays', async (t) => {
  const api = createApi(t);
  const loser = await api.register();
  const winner = await api.register();
  await api.prove(winner);
  t.deepEqual(
    (await readForgets(api)).map(({ record }) => record),
    [{ claims: [], people: [{ userId: loser, why: 'superseded' }] }],
  );
});
