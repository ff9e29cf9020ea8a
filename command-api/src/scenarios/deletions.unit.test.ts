import { DeletionRecord, recordKind } from '@zameni/contracts';
import test from 'ava';
import { Value } from 'typebox/value';
import { readAll } from '../log/log.fixture.ts';
import { type Api, createApi, operator, person } from '../testing/api.fixture.ts';

const NEW_ADDRESS = 'new@example.net';
const nothing = { claims: [], people: [], attempts: [], addresses: [] };

/** Deletion records so far, and the position of each among the kinds of its commit. */
async function readDeletions({ log }: Api) {
  const records = await readAll(log);
  return records.flatMap(({ subject, data }, n) => {
    if (recordKind(subject) !== 'deletion') return [];
    const record = Value.Parse(DeletionRecord, JSON.parse(Buffer.from(data).toString('utf8')));
    const kinds = records.map((one) => recordKind(one.subject));
    return [{ record, before: kinds.slice(n - 1, n), after: kinds.slice(n + 1) }];
  });
}

/** The deletion record of the last commit. */
async function readDeletion(api: Api): Promise<DeletionRecord | undefined> {
  return (await readDeletions(api)).at(-1)?.record;
}

async function erase({ send }: Api, id: string) {
  await send({ method: 'DELETE', url: `/v1/users/${id}`, headers: operator });
}

test('an erasure deletes claim, keys and attempts: its record is after the claim and before the event', async (t) => {
  const api = createApi(t);
  const userId = await api.register();
  await erase(api, userId);
  const claim = api.claimOf(person.email);
  t.deepEqual(await readDeletions(api), [
    {
      record: { claims: [claim], people: [userId], attempts: [], addresses: [claim] },
      before: ['claim'],
      after: ['account'],
    },
  ]);
});

test('the erasure of a person who lost the address deletes keys only', async (t) => {
  const api = createApi(t);
  const userId = await api.register();
  await api.prove(await api.attempt(), { holder: 'not-mine' });
  await erase(api, userId);
  t.deepEqual(await readDeletion(api), { ...nothing, people: [userId] });
});

test('a registration deletes nothing, and neither does a proof of a held address', async (t) => {
  const api = createApi(t);
  await api.confirm(await api.register());
  await api.attempt();
  t.deepEqual(await readDeletions(api), []);
});

test('a proof deletes its attempt: the record is after the claim and before the closing record', async (t) => {
  const api = createApi(t);
  const id = await api.join();
  t.deepEqual(await readDeletions(api), [
    {
      record: { ...nothing, attempts: [{ id, upTo: 1 }] },
      before: ['claim'],
      after: ['attempt', 'key', 'account'],
    },
  ]);
});

test('a proof that confirms another account deletes its attempt', async (t) => {
  const api = createApi(t);
  await api.register();
  const id = await api.attempt();
  const upTo = await api.head();
  await api.prove(id, { holder: 'confirm' });
  t.deepEqual(await readDeletion(api), { ...nothing, attempts: [{ id, upTo }] });
});

test('the link of an account that names an attempt deletes the attempt', async (t) => {
  const api = createApi(t);
  const holder = await api.register();
  const named = { id: await api.attempt(), position: await api.head() };
  await api.confirm(holder, { attempt: named });
  t.deepEqual(await readDeletion(api), {
    ...nothing,
    attempts: [{ id: named.id, upTo: named.position }],
  });
});

test('an attempt that is disowned or erased deletes only itself', async (t) => {
  const api = createApi(t);
  const disowned = await api.attempt();
  await api.prove(disowned, { notMine: true });
  t.deepEqual(await readDeletion(api), { ...nothing, attempts: [{ id: disowned, upTo: 1 }] });
  const erased = await api.attempt();
  const upTo = await api.head();
  await erase(api, erased);
  t.deepEqual(await readDeletion(api), { ...nothing, attempts: [{ id: erased, upTo }] });
});

test('a changed address deletes the old claim; keys and attempts stay', async (t) => {
  const api = createApi(t);
  const userId = await api.register();
  const url = `/v1/users/${userId}/email-changes`;
  await api.send({ url, body: { email: NEW_ADDRESS }, headers: operator });
  t.deepEqual(await readDeletions(api), []);
  await api.confirm(userId, { email: NEW_ADDRESS, name: 'email-change-requested' });
  t.deepEqual(await readDeletion(api), { ...nothing, claims: [api.claimOf(person.email)] });
});

test('a disowned account deletes its claim, and attempts on the address stay', async (t) => {
  const api = createApi(t);
  await api.confirm(await api.register(), {}, { notMine: true });
  t.deepEqual(await readDeletion(api), { ...nothing, claims: [api.claimOf(person.email)] });
});

test('an account whose address goes to the prover deletes no claim', async (t) => {
  const api = createApi(t);
  await api.register();
  const id = await api.attempt();
  const upTo = await api.head();
  await api.prove(id, { holder: 'not-mine' });
  t.deepEqual(await readDeletion(api), { ...nothing, attempts: [{ id, upTo }] });
});
