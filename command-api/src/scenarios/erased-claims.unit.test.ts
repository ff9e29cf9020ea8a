import { type Problem, subjects } from '@zameni/contracts';
import test from 'ava';
import { signal } from '../log/log.fixture.ts';
import { type Api, createApi, operator, person } from '../testing/api.fixture.ts';

async function erase({ send }: Api, id: string): Promise<void> {
  await send({ method: 'DELETE', url: `/v1/users/${id}`, headers: operator });
}

/** The last record of the claim on the person's address. */
async function claimOn({ log, claimOf }: Api): Promise<Record<string, unknown>> {
  const last = await log.readLastFromLeader(subjects.claim(claimOf(person.email)), signal);
  return JSON.parse(Buffer.from(last?.data ?? []).toString());
}

/** The position of the record that released the claim by an erasure. */
async function erasureOf(api: Api): Promise<number> {
  const records = await api.log.readSubject(subjects.claim(api.claimOf(person.email)), signal);
  const erasures = records.filter(({ data }) => Buffer.from(data).toString().includes('"erasure"'));
  return erasures.at(-1)?.position ?? 0;
}

test('a claim after an erasure repeats the position of the erasure', async (t) => {
  const api = createApi(t);
  await erase(api, await api.register());
  t.deepEqual(await claimOn(api), { state: 'released', by: 'erasure' });
  const erasedAt = await erasureOf(api);
  const userId = await api.register();
  t.deepEqual(await claimOn(api), { state: 'held', userId, verified: false, erasedAt });
  await api.confirm(userId);
  t.deepEqual(await claimOn(api), { state: 'held', userId, verified: true, erasedAt });
});

test('a release of that claim repeats it too, and older attempts stay void', async (t) => {
  const api = createApi(t);
  const first = await api.register();
  const older = await api.attemptToken(await api.attempt());
  await erase(api, first);
  const erasedAt = await erasureOf(api);
  const second = await api.register();
  await api.prove(await api.attempt(), { holder: 'not-mine' });
  t.like(await claimOn(api), { state: 'held', erasedAt });
  t.is((await api.readPerson(second)).state.status, 'deactivated');
  for (const said of [{}, { notMine: true }, { holder: 'not-mine' as const }]) {
    const refused = await api.verify(older, said);
    t.is(refused.json<Problem>().code, 'invalid-verification-token');
  }
});

test('the newest erasure counts', async (t) => {
  const api = createApi(t);
  await erase(api, await api.register());
  const before = await erasureOf(api);
  const between = await api.attemptToken(await api.attempt());
  await erase(api, await api.register());
  const erasedAt = await erasureOf(api);
  t.true(erasedAt > before);
  t.is((await api.verify(between)).statusCode, 422);
  const id = await api.join();
  t.deepEqual(await claimOn(api), { state: 'held', userId: id, verified: true, erasedAt });
});

test('after an erasure beside a registration the claim records the position of the erasure', async (t) => {
  const api = createApi(t);
  const first = await api.register();
  const tries = Array.from({ length: 20 }, () => api.post(person, operator));
  const [answers] = await Promise.all([Promise.all(tries), erase(api, first)]);
  const taken = answers.filter(({ statusCode }) => statusCode === 201);
  t.true(taken.length <= 1);
  const last = await claimOn(api);
  if (taken.length === 0) t.deepEqual(last, { state: 'released', by: 'erasure' });
  else t.like(last, { state: 'held', erasedAt: await erasureOf(api) });
});
