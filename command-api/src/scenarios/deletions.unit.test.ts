import { DeletionRecord, recordKind } from '@zameni/contracts';
import test from 'ava';
import { Value } from 'typebox/value';
import { readAll } from '../log/log.fixture.ts';
import { type Api, createApi, operator, person } from '../testing/api.fixture.ts';

const NEW_ADDRESS = 'new@example.net';
const nothing = { claims: [], people: [], attempts: [], addresses: [] };

/** What commits left to be deleted so far, and where each lies among the kinds of its commit. */
async function readDeletions({ log }: Api) {
  const records = await readAll(log);
  return records.flatMap(({ subject, data }, n) => {
    if (recordKind(subject) !== 'deletion') return [];
    const record = Value.Parse(DeletionRecord, JSON.parse(Buffer.from(data).toString('utf8')));
    const kinds = records.map((one) => recordKind(one.subject));
    return [{ record, before: kinds.slice(n - 1, n), after: kinds.slice(n + 1) }];
  });
}

/** The last commit's deletion record only. */
async function readDeletion(api: Api): Promise<DeletionRecord | undefined> {
  return (await readDeletions(api)).at(-1)?.record;
}

async function erase({ send }: Api, id: string) {
  await send({ method: 'DELETE', url: `/v1/users/${id}`, headers: operator });
}

test('an erasure leaves claim, keys and attempts of the address, behind the claim and before the event', async (t) => {
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

test('the erasure of somebody who lost the address leaves keys only', async (t) => {
  const api = createApi(t);
  const userId = await api.register();
  await api.prove(await api.attempt(), { holder: 'not-mine' });
  await erase(api, userId);
  t.deepEqual(await readDeletion(api), { ...nothing, people: [userId] });
});

test('a registration leaves nothing, nor does a proof of what is held', async (t) => {
  const api = createApi(t);
  await api.confirm(await api.register());
  await api.attempt();
  t.deepEqual(await readDeletions(api), []);
});

test('a proof leaves its attempt, said behind the claim and before what closes it', async (t) => {
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

test('so does a proof in favour of another account', async (t) => {
  const api = createApi(t);
  await api.register();
  const id = await api.attempt();
  const upTo = await api.head();
  await api.prove(id, { holder: 'confirm' });
  t.deepEqual(await readDeletion(api), { ...nothing, attempts: [{ id, upTo }] });
});

test('and the link of an account that names the attempt', async (t) => {
  const api = createApi(t);
  const holder = await api.register();
  const named = { id: await api.attempt(), position: await api.head() };
  await api.confirm(holder, { attempt: named });
  t.deepEqual(await readDeletion(api), {
    ...nothing,
    attempts: [{ id: named.id, upTo: named.position }],
  });
});

test('an attempt that was not mine, or is erased, leaves itself and nothing else', async (t) => {
  const api = createApi(t);
  const disowned = await api.attempt();
  await api.prove(disowned, { notMine: true });
  t.deepEqual(await readDeletion(api), { ...nothing, attempts: [{ id: disowned, upTo: 1 }] });
  const erased = await api.attempt();
  const upTo = await api.head();
  await erase(api, erased);
  t.deepEqual(await readDeletion(api), { ...nothing, attempts: [{ id: erased, upTo }] });
});

test('a changed address leaves the old claim; its person keeps their keys, and attempts stay', async (t) => {
  const api = createApi(t);
  const userId = await api.register();
  const url = `/v1/users/${userId}/email-changes`;
  await api.send({ url, body: { email: NEW_ADDRESS }, headers: operator });
  t.deepEqual(await readDeletions(api), []);
  await api.confirm(userId, { email: NEW_ADDRESS, name: 'email-change-requested' });
  t.deepEqual(await readDeletion(api), { ...nothing, claims: [api.claimOf(person.email)] });
});

test('an account that is not mine leaves its claim, and attempts on the address stay', async (t) => {
  const api = createApi(t);
  await api.confirm(await api.register(), {}, { notMine: true });
  t.deepEqual(await readDeletion(api), { ...nothing, claims: [api.claimOf(person.email)] });
});

test('an account whose address goes on to the prover leaves no claim', async (t) => {
  const api = createApi(t);
  await api.register();
  const id = await api.attempt();
  const upTo = await api.head();
  await api.prove(id, { holder: 'not-mine' });
  t.deepEqual(await readDeletion(api), { ...nothing, attempts: [{ id, upTo }] });
});
