import { type Problem, subjects, VerificationPreview } from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { type Api, type ApiOptions, createApi, operator, person } from '../testing/api.fixture.ts';

const email = 'vera@example.net';
const isChange = { email, name: 'email-change-requested' } as const;
const isUndo = { name: 'email-change-requested' } as const;
const theirs = { email: person.email, displayName: person.displayName, locale: person.locale };

/** Previews the links of an API of its own. Every preview leaves the log as it was. */
function createWorld(t: ExecutionContext, options?: ApiOptions) {
  const api = createApi(t, options);
  const ask = (token: string) =>
    api.send({ url: '/v1/email-verifications/preview', body: { token } });
  const preview = async (token: string): Promise<VerificationPreview | Problem['code']> => {
    const before = await api.head();
    const response = await ask(token);
    t.is(await api.head(), before);
    t.is(response.headers['cache-control'], 'no-store');
    if (response.statusCode !== 200) return response.json<Problem>().code;
    t.is(createValidator(VerificationPreview)(response.json()), undefined);
    return response.json<VerificationPreview>();
  };
  return { ...api, ask, preview };
}

async function want({ send }: Api, id: string) {
  await send({ url: `/v1/users/${id}/email-changes`, body: { email }, headers: operator });
}

test('the link of an attempt shows the registration, and after its proof the account', async (t) => {
  const { attempt, attemptToken, preview, verify } = createWorld(t);
  const token = await attemptToken(await attempt());
  const shown = await preview(token);
  t.like(shown, {
    ...theirs,
    kind: 'registration',
    state: 'open',
    holder: 'none',
    mustSupply: [],
    termsVersion: person.termsVersion,
  });
  t.true(typeof shown === 'object' && Date.parse(shown.requestedAt ?? '') <= Date.now());
  t.is((await verify(token, { displayName: 'Vera M.' })).statusCode, 202);
  t.like(await preview(token), { kind: 'registration', state: 'done', displayName: 'Vera M.' });
});

test('the link of an attempt shows whether another account holds the address', async (t) => {
  const { attempt, attemptToken, preview, register, confirm } = createWorld(t);
  const token = await attemptToken(await attempt());
  const holder = await register();
  t.like(await preview(token), { ...theirs, holder: 'unproven', mustSupply: ['holder'] });
  await confirm(holder);
  t.like(await preview(token), { ...theirs, state: 'open', holder: 'proven', mustSupply: [] });
});

test('the link of an attempt that confirmed the holder shows that account', async (t) => {
  const { attempt, attemptToken, preview, register, verify } = createWorld(t);
  const token = await attemptToken(await attempt());
  await register(person.email, { displayName: 'Vera Vouched' });
  t.is((await verify(token, { holder: 'confirm' })).statusCode, 202);
  t.like(await preview(token), {
    kind: 'registration',
    state: 'done',
    displayName: 'Vera Vouched',
  });
});

test('the link of an account shows the account', async (t) => {
  const { accountToken, preview, register, verify } = createWorld(t);
  const token = await accountToken(await register());
  const shown = await preview(token);
  t.like(shown, { ...theirs, kind: 'account', state: 'open', holder: 'none', mustSupply: [] });
  t.true(typeof shown === 'object' && Date.parse(shown.registeredAt ?? '') <= Date.now());
  t.is((await verify(token)).statusCode, 202);
  t.like(await preview(token), { kind: 'account', state: 'done', email: person.email });
});

test('the link of a deactivated account says so', async (t) => {
  const { accountToken, preview, register, send } = createWorld(t);
  const id = await register();
  const body = { reasonCode: 'abuse' };
  await send({ url: `/v1/users/${id}/deactivations`, body, headers: operator });
  t.like(await preview(await accountToken(id)), { kind: 'account', state: 'deactivated' });
});

test('the link of a change shows the new address, the undo link the present one', async (t) => {
  const api = createWorld(t);
  const { accountToken, preview, verify, join } = api;
  const id = await join();
  await want(api, id);
  const change = await accountToken(id, isChange);
  const undo = await accountToken(id, isUndo);
  t.like(await preview(change), { ...theirs, kind: 'email-change', state: 'open', email });
  t.like(await preview(undo), {
    ...theirs,
    kind: 'undo-change',
    state: 'open',
    mustSupply: ['notMine'],
  });
  t.is((await verify(change)).statusCode, 202);
  t.like(await preview(change), { kind: 'email-change', state: 'done', email });
  const made = await preview(undo);
  t.like(made, { kind: 'undo-change', state: 'open', mustSupply: ['notMine'] });
  // The old mailbox must not learn the new address.
  t.false(JSON.stringify(made).includes(email));
  t.false(JSON.stringify(made).includes(person.displayName));
  t.is((await verify(undo, { notMine: true })).statusCode, 202);
  t.like(await preview(undo), { ...theirs, kind: 'undo-change', state: 'done' });
});

test('an undo link cancels the change, and says so afterwards', async (t) => {
  const api = createWorld(t);
  const { accountToken, preview, verify, join, namesOf } = api;
  const id = await join();
  await want(api, id);
  const undo = await accountToken(id, isUndo);
  const change = await accountToken(id, isChange);
  t.is((await verify(undo)).json<Problem>().code, 'invalid-request');
  t.is((await verify(undo, { notMine: true })).statusCode, 202);
  t.is((await namesOf(id)).at(-1), 'email-change-cancelled');
  t.like(await preview(undo), { ...theirs, kind: 'undo-change', state: 'done' });
  const before = await api.head();
  t.is((await verify(undo, { notMine: true })).statusCode, 202);
  t.is(await api.head(), before);
  t.is(await preview(change), 'invalid-verification-token');
});

test('a change to an address that another account holds says which choice there is', async (t) => {
  const api = createWorld(t);
  const id = await api.join();
  await want(api, id);
  const holder = await api.register(email);
  const token = await api.accountToken(id, isChange);
  t.like(await api.preview(token), { holder: 'unproven', mustSupply: ['holder'] });
  await api.confirm(holder, { email });
  t.like(await api.preview(token), { holder: 'proven', mustSupply: [] });
});

test('an old link of an address that is not theirs any more shows no data', async (t) => {
  const api = createWorld(t);
  const id = await api.attempt();
  const token = await api.attemptToken(id);
  await api.verify(token);
  await want(api, id);
  await api.confirm(id, isChange);
  const shown = await api.preview(token);
  t.deepEqual(shown, {
    kind: 'registration',
    state: 'done',
    holder: 'none',
    mustSupply: [],
    locale: person.locale,
  });
});

test('a link that proves nothing has no preview', async (t) => {
  const { attempt, attemptToken, preview, verify, join, send } = createWorld(t);
  t.is(await preview('x'), 'invalid-verification-token');
  const disowned = await attemptToken(await attempt());
  await verify(disowned, { notMine: true });
  t.is(await preview(disowned), 'invalid-verification-token');
  const id = await attempt();
  const token = await attemptToken(id);
  await verify(token);
  await send({ method: 'DELETE', url: `/v1/users/${id}`, headers: operator });
  t.is(await preview(token), 'invalid-verification-token');
  t.truthy(await join());
});

test('a preview counts against the limit of its client, and takes small bodies only', async (t) => {
  const limits = { client: { quota: 3, windowSeconds: 60 } };
  const { ask } = createWorld(t, { limits });
  t.is((await ask('x'.repeat(1_025))).json<Problem>().code, 'invalid-request');
  t.is((await ask('x'.repeat(5_000))).json<Problem>().code, 'payload-too-large');
  t.is((await ask('x')).json<Problem>().code, 'invalid-verification-token');
  t.is((await ask('x')).json<Problem>().code, 'rate-limited');
});

test('a replica that lags does not make a preview wrong', async (t) => {
  const memory = createMemoryLog();
  let isLate = false;
  const log: typeof memory = {
    ...memory,
    readSubject: async (subject, signal) => {
      const records = await memory.readSubject(subject, signal);
      if (!isLate || !subject.startsWith(subjects.account(''))) return records;
      isLate = false;
      return records.slice(0, 1);
    },
  };
  const { accountToken, preview, register, verify } = createWorld(t, { log });
  const token = await accountToken(await register());
  t.is((await verify(token)).statusCode, 202);
  isLate = true;
  t.like(await preview(token), { state: 'done' });
  t.false(isLate);
});
