import type { Problem } from '@zameni/contracts';
import test from 'ava';
import type { Said } from '../domain/verification.ts';
import { type Api, createApi, operator } from '../testing/api.fixture.ts';
import { assertDone } from '../testing/done.fixture.ts';

const email = 'vera@example.net';
const isChange = { email, name: 'email-change-requested' } as const;

async function wantEmail({ send }: Api, id: string) {
  assertDone(
    await send({ url: `/v1/users/${id}/email-changes`, body: { email }, headers: operator }),
  );
}

async function erase({ send }: Api, id: string) {
  assertDone(await send({ method: 'DELETE', url: `/v1/users/${id}`, headers: operator }));
}

/** A link that is used twice: the steps between, and the prover's data. */
const usedAgain = test.macro<[(api: Api) => Promise<{ token: string; said?: Said }>]>({
  title: (title = '') => `a second use changes nothing and gets the same answer: ${title}`,
  exec: async (t, prepare) => {
    const api = createApi(t);
    const { token, said } = await prepare(api);
    const first = await api.verify(token, said);
    t.is(first.statusCode, 202, first.body);
    const head = await api.head();
    for (const again of [
      await api.verify(token, said),
      ...(await Promise.all([api.verify(token, said), api.verify(token, said)])),
    ]) {
      t.is(again.statusCode, 202);
      t.is(again.body, first.body);
    }
    t.is(await api.head(), head);
  },
});
test('of an attempt', usedAgain, async ({ attempt, attemptToken }) => ({
  token: await attemptToken(await attempt()),
}));
test('with other data', usedAgain, async ({ attempt, attemptToken, verify }) => {
  const token = await attemptToken(await attempt());
  await verify(token);
  return { token, said: { displayName: 'V' } };
});
test('after the account changed its address', usedAgain, async (api) => {
  const id = await api.attempt();
  const token = await api.attemptToken(id);
  await api.verify(token);
  await wantEmail(api, id);
  await api.confirm(id, isChange);
  return { token };
});
test('of an attempt that confirmed an account', usedAgain, async (api) => {
  await api.register();
  return { token: await api.attemptToken(await api.attempt()), said: { holder: 'confirm' } };
});
test('of an attempt that disowned an account', usedAgain, async (api) => {
  await api.register();
  return { token: await api.attemptToken(await api.attempt()), said: { holder: 'not-mine' } };
});
test('of a disowned attempt', usedAgain, async ({ attempt, attemptToken }) => ({
  token: await attemptToken(await attempt()),
  said: { notMine: true },
}));
test('of an account', usedAgain, async ({ register, accountToken }) => ({
  token: await accountToken(await register()),
}));
test('of a disowned account', usedAgain, async ({ register, accountToken }) => ({
  token: await accountToken(await register()),
  said: { notMine: true },
}));
test('of a new address', usedAgain, async (api) => {
  const id = await api.join();
  await wantEmail(api, id);
  return { token: await api.accountToken(id, isChange) };
});

test('of a disowned new address', usedAgain, async (api) => {
  const id = await api.join();
  await wantEmail(api, id);
  return { token: await api.accountToken(id, isChange), said: { notMine: true } };
});

test('fields without effect are refused, not dropped', async (t) => {
  const api = createApi(t);
  const attempt = await api.attemptToken(await api.attempt());
  const account = await api.accountToken(await api.register('mila@example.org'));
  for (const [token, said, field] of [
    [attempt, { notMine: true, displayName: 'V' }, '/displayName'],
    [attempt, { notMine: true, holder: 'confirm' }, '/holder'],
    [account, { locale: 'de' }, '/locale'],
    [account, { holder: 'confirm' }, '/holder'],
  ] as const) {
    const response = await api.verify(token, said);
    t.is(response.statusCode, 422);
    t.deepEqual(response.json<Problem>().errors, [{ pointer: field, code: 'not-taken' }]);
  }
});

/** A link whose account or attempt was erased since. */
const isVoid = test.macro<[(api: Api) => Promise<string>]>({
  title: (title = '') => `a link proves nothing after the erasure ${title}`,
  exec: async (t, prepare) => {
    const api = createApi(t);
    const token = await prepare(api);
    const head = await api.head();
    for (const said of [{}, { notMine: true }, { holder: 'not-mine' }] satisfies Said[]) {
      const response = await api.verify(token, said);
      t.is(response.statusCode, 422);
      t.is(response.json<Problem>().code, 'invalid-verification-token');
    }
    t.is(await api.head(), head);
  },
});
test('of its attempt', isVoid, async (api) => {
  const id = await api.attempt();
  const token = await api.attemptToken(id);
  await erase(api, id);
  return token;
});
test('of the account that the attempt became', isVoid, async (api) => {
  const id = await api.join();
  const token = await api.attemptToken(id);
  await erase(api, id);
  return token;
});
test('of the account that it confirmed', isVoid, async (api) => {
  const holder = await api.register();
  const id = await api.attempt();
  const token = await api.attemptToken(id);
  await api.verify(token, { holder: 'confirm' });
  await erase(api, holder);
  return token;
});
test('of its account, unproven', isVoid, async (api) => {
  const id = await api.register();
  const token = await api.accountToken(id);
  await erase(api, id);
  return token;
});
test('of its account, proven', isVoid, async (api) => {
  const id = await api.register();
  const token = await api.accountToken(id);
  await api.verify(token);
  await erase(api, id);
  return token;
});
test('of the account that wanted another address', isVoid, async (api) => {
  const id = await api.join();
  await wantEmail(api, id);
  const token = await api.accountToken(id, isChange);
  await erase(api, id);
  return token;
});
test('of the person with its address, if the link is older', isVoid, async (api) => {
  const older = await api.attempt();
  const token = await api.attemptToken(older);
  await erase(api, await api.join());
  return token;
});

test('a registration from after an erasure of the address is not affected by it', async (t) => {
  const api = createApi(t);
  await erase(api, await api.join());
  t.is((await api.prove(await api.attempt())).statusCode, 202);
});
