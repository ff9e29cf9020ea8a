import { LedgerMessage, LedgerMessages, RedrivenMessages, type Scope } from '@zameni/contracts';
import { createHttpApp, createLogger, createRateLimits } from '@zameni/runtime';
import test from 'ava';
import { Value } from 'typebox/value';
import { OPERATOR_LIMIT } from '../../operator/operator-access.ts';
import { addMessageRoutes } from './message-routes.ts';
import { createMemoryMessageStore, ledgerMessage, REDRIVEN_AT } from './message-store.fixture.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const callers: Readonly<Record<string, readonly Scope[]>> = {
  reader: ['ops:read'],
  writer: ['ops:write'],
  person: ['users:read', 'users:admin'],
};

/** Sends requests to the routes over a ledger. The caller is the name of the scopes they have. */
function createTestApp(...messages: readonly LedgerMessage[]) {
  const store = createMemoryMessageStore(messages);
  const app = createHttpApp({ logger, checks: {} });
  let wakes = 0;
  addMessageRoutes(app, {
    store,
    limits: createRateLimits({ policies: { operator: OPERATOR_LIMIT }, logger, now: () => 0 }),
    logger,
    actorOf: ({ subject }) => `actor of ${subject}`,
    wake: () => (wakes += 1),
    tokens: {
      verify: async (authorization) => {
        const scopes = callers[authorization ?? ''];
        return scopes && { issuer: 'test', subject: 'somebody', scopes: new Set<string>(scopes) };
      },
    },
  });
  const send = (method: 'GET' | 'POST') => async (path: string, caller?: string, body?: object) => {
    const headers = caller === undefined ? {} : { authorization: caller };
    const payload = body === undefined ? {} : { payload: body };
    const answer = await app.inject({ method, url: `/v1/messages${path}`, headers, ...payload });
    return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
  };
  return { store, get: send('GET'), post: send('POST'), wakes: () => wakes };
}

const refused = ledgerMessage(1);
const refusedToo = ledgerMessage(2, { reason: 'rcpt 550 5.7.1' });
const unknown = ledgerMessage(3, { state: 'unknown', reason: 'final-lost' });
const waiting = ledgerMessage(4, { state: 'waiting', reason: 'mailbox-budget', tries: 0 });
const sent = ledgerMessage(5, { state: 'sent', reason: null });
const all = [refused, refusedToo, unknown, waiting, sent];
const statesIn = (messages: readonly LedgerMessage[]) => messages.map(({ state }) => state);

test('lists mails, the newest first, and one of them', async (t) => {
  const { get } = createTestApp(...all);
  const { status, body, headers } = await get('', 'reader');
  t.is(status, 200);
  t.deepEqual(body, { messages: all.toReversed(), next: null });
  t.true(Value.Check(LedgerMessages, body));
  t.is(headers['cache-control'], 'no-store');
  const one = await get('/3', 'reader');
  t.deepEqual(one.body, unknown);
  t.is(one.headers['cache-control'], 'no-store');
});

test('lists those of a state or a reason, page by page', async (t) => {
  const { get } = createTestApp(...all);
  const ids = async (query: string) => {
    const { body } = await get(`?${query}`, 'reader');
    return [body.messages.map(({ id }: LedgerMessage) => id), body.next];
  };
  t.deepEqual(await ids('state=abandoned'), [[2, 1], null]);
  t.deepEqual(await ids('state=abandoned&reason=rcpt%20550%205.7.1'), [[2], null]);
  t.deepEqual(await ids('limit=2'), [[5, 4], '4']);
  t.deepEqual(await ids('limit=2&after=4'), [[3, 2], '2']);
});

test('a query that cannot be meant is refused', async (t) => {
  const { get } = createTestApp(...all);
  for (const query of ['state=lost', 'limit=0', 'limit=1001', 'after=x', 'reason=%25', 'id=7']) {
    t.is((await get(`?${query}`, 'reader')).status, 422, query);
  }
});

test('an abandoned or unknown mail waits again, and its tries start anew', async (t) => {
  const { post, store, wakes } = createTestApp(...all);
  for (const id of [1, 3]) {
    const { status, body, headers } = await post(`/${id}/redrives`, 'writer');
    t.is(status, 202);
    t.true(Value.Check(LedgerMessage, body));
    t.like(body, { state: 'waiting', nextTryAt: REDRIVEN_AT, tries: 0, repeats: 0 });
    t.is(headers['cache-control'], 'no-store');
    // Sent again: the same.
    t.deepEqual((await post(`/${id}/redrives`, 'writer')).body, body);
  }
  t.deepEqual(statesIn(store.messages()), ['waiting', 'abandoned', 'waiting', 'waiting', 'sent']);
  t.is(wakes(), 4);
});

test('a waiting mail is tried now, and stays what it is', async (t) => {
  const { post } = createTestApp(...all);
  const { body } = await post('/4/redrives', 'writer');
  t.deepEqual(body, { ...waiting, nextTryAt: REDRIVEN_AT });
});

test('no mail is sent a second time, and none that nobody knows', async (t) => {
  const states = ['sending', 'sent', 'merged', 'not-needed'] as const;
  const messages = states.map((state, index) => ledgerMessage(index + 1, { state }));
  const unreadable = ledgerMessage(9, { cause: 'unreadable', reason: 'unreadable-record' });
  const { post, store, wakes } = createTestApp(...messages, unreadable);
  for (const { id } of store.messages()) {
    t.like(await post(`/${id}/redrives`, 'writer'), {
      status: 409,
      body: { code: 'message-state' },
    });
  }
  t.like(await post('/redrives', 'writer', {}), { body: { redriven: 0, next: null } });
  t.deepEqual(store.messages(), [...messages, unreadable]);
  t.is(wakes(), 1);
});

test('abandoned mails are redriven together, all or those with a reason, page by page', async (t) => {
  const { post, store } = createTestApp(...all);
  const { status, body } = await post('/redrives', 'writer', { reason: 'rcpt 550 5.7.1' });
  t.is(status, 202);
  t.true(Value.Check(RedrivenMessages, body));
  t.deepEqual(body, { redriven: 1, next: null });
  t.deepEqual(statesIn(store.messages()), ['abandoned', 'waiting', 'unknown', 'waiting', 'sent']);
  const many = createTestApp(...[1, 2, 3].map((id) => ledgerMessage(id)));
  t.deepEqual((await many.post('/redrives', 'writer', {})).body, { redriven: 2, next: '2' });
  t.deepEqual((await many.post('/redrives', 'writer', { after: '2' })).body, {
    redriven: 1,
    next: null,
  });
});

test('a body that cannot be meant is refused', async (t) => {
  const { post, store } = createTestApp(...all);
  for (const body of [{ reason: '' }, { reason: 7 }, { state: 'unknown' }, { after: 'x' }]) {
    t.is((await post('/redrives', 'writer', body)).status, 422);
  }
  t.deepEqual(store.messages(), all);
});

test('what is no mail is not found', async (t) => {
  const { get, post } = createTestApp(...all);
  for (const id of ['9', '0', '-1', '1e1', 'x', '1234567890123456']) {
    t.like(await get(`/${id}`, 'reader'), { status: 404, body: { code: 'not-found' } });
    t.is((await post(`/${id}/redrives`, 'writer')).status, 404);
  }
});

test('reading takes ops:read, redriving ops:write', async (t) => {
  const { get, post, store } = createTestApp(...all);
  for (const path of ['', '/1']) {
    t.is((await get(path)).status, 401);
    t.is((await get(path, 'person')).status, 403);
  }
  for (const [path, body] of [
    ['/1/redrives', undefined],
    ['/redrives', {}],
    // What is wrong with a request is told to those who may make it.
    ['/redrives', { reason: 5 }],
  ] as const) {
    t.is((await post(path, undefined, body)).status, 401);
    t.is((await post(path, 'reader', body)).status, 403);
  }
  t.deepEqual(store.messages(), all);
});

test('redrives are limited, all together', async (t) => {
  const { post } = createTestApp(...all);
  for (let n = 0; n < OPERATOR_LIMIT.quota; n += 1) {
    t.is((await post('/1/redrives', 'writer')).status, 202);
  }
  const limited = await post('/redrives', 'writer', {});
  t.like(limited, { status: 429, body: { code: 'rate-limited' } });
  t.truthy(limited.headers['retry-after']);
});
