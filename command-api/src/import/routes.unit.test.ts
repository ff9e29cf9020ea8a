import type { ImportLine, ImportRow, ImportSummary, Problem } from '@zameni/contracts';
import { AppError, type EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { toUserId } from '../log/log.fixture.ts';
import { type Api, as, createApi, key, operator, person } from '../testing/api.fixture.ts';

type Headers = Readonly<Record<string, string>>;

const importer: Headers = {
  'content-type': 'application/x-ndjson',
  ...key,
  ...as('operator', 'users:import'),
};

const personAt = (email: string) => JSON.stringify({ ...person, email });

/** Sends an import. `more` is its query. */
async function send({ app }: Api, payload: string, headers: Headers = importer, more = '') {
  return app.inject({ method: 'POST', url: `/v1/imports${more}`, payload, headers });
}

async function importLines(api: Api, payload: string, more = '') {
  const response = await send(api, payload, importer, more);
  const lines = response.body.trimEnd().split('\n').map(parseLine);
  const summary = lines.pop();
  if (response.statusCode !== 202 || summary === undefined || 'line' in summary) {
    throw new Error(`${response.statusCode} ${response.body}`);
  }
  return { rows: lines as ImportRow[], summary, response };
}

const none = { rows: 0, registered: 0, refused: 0, invalid: 0, failed: 0 };

function parseLine(text: string): ImportLine {
  return JSON.parse(text) as ImportLine;
}

function countsOf({ position: _position, ...counts }: ImportSummary) {
  return counts;
}

test('each row has its own outcome, in the order of the lines', async (t) => {
  const api = createApi(t);
  await api.join('taken@example.org');
  await api.register('held@example.org');
  await api.attempt('new@example.org');
  const payload = [
    personAt('new@example.org'),
    '',
    personAt('held@example.org'),
    personAt('taken@example.org'),
    ' \t',
    '{"email":"a@example.org","email":"b@example.org"}',
    JSON.stringify({ ...person, email: 'nobody', displayName: '' }),
    personAt(`${'x'.repeat(17_000)}@example.org`),
    personAt('last@example.org'),
  ].join('\n');
  const { rows, summary, response } = await importLines(api, payload);
  t.like(rows[0], { line: 1, outcome: 'registered' });
  t.deepEqual(rows[1], { line: 3, outcome: 'refused', code: 'address-taken' });
  t.deepEqual(rows[2], { line: 4, outcome: 'refused', code: 'address-taken' });
  t.deepEqual(rows[3], { line: 6, outcome: 'invalid', code: 'malformed-json' });
  t.like(rows[4], { line: 7, outcome: 'invalid', code: 'invalid-request' });
  t.like(rows[4], { errors: [{ pointer: '/displayName', code: 'too-short' }] });
  t.deepEqual(rows[5], { line: 8, outcome: 'invalid', code: 'payload-too-large' });
  t.like(rows[6], { line: 9, outcome: 'registered' });
  t.deepEqual(countsOf(summary), { ...none, rows: 7, registered: 2, refused: 2, invalid: 3 });
  t.is(api.positions.open(summary.position ?? ''), await api.head());
  t.is(response.headers['content-type'], 'application/x-ndjson');
  t.is(response.headers['cache-control'], 'no-store');
  t.false(/example|Vera/.test(response.body));
});

test('the same import again gets the same lines and appends nothing', async (t) => {
  const api = createApi(t);
  const payload = ['a', 'b', 'a'].map((name) => personAt(`${name}@example.org`)).join('\r\n');
  const first = await importLines(api, payload);
  const head = await api.head();
  const again = await importLines(api, payload);
  t.is(again.response.body, first.response.body);
  t.is(await api.head(), head);
  t.like(first.summary, { registered: 2, refused: 1 });
});

test('another row on a line of the same key is the only one refused', async (t) => {
  const api = createApi(t);
  const payload = ['a', 'b'].map((name) => personAt(`${name}@example.org`));
  const first = await importLines(api, payload.join('\n'));
  const again = await importLines(api, [payload[0], personAt('c@example.org')].join('\n'));
  t.deepEqual(again.rows, [
    first.rows[0],
    { line: 2, outcome: 'refused', code: 'idempotency-key-reused' },
  ]);
});

test('the keys of callers, of imports and of single registrations are separate', async (t) => {
  const api = createApi(t);
  const one = await importLines(api, personAt('a@example.org'));
  const other = await send(api, personAt('a@example.org'), {
    ...importer,
    ...as('another', 'users:import'),
  });
  t.like(parseLine(other.body.split('\n')[0] ?? ''), { code: 'address-taken' });
  const single = await api.post(person, { ...key, ...operator });
  t.is(single.statusCode, 201);
  t.not(single.json<{ userId: string }>().userId, idOf(one.rows[0]));
});

function idOf(row: ImportRow | undefined): string {
  return row?.outcome === 'registered' ? row.userId : '';
}

test('a row may state that the caller has proven the mailbox', async (t) => {
  const api = createApi(t);
  const payload = [true, false, undefined]
    .map((emailVerified, n) =>
      JSON.stringify({ ...person, email: `${n}@example.org`, emailVerified }),
    )
    .join('\n');
  const { rows } = await importLines(api, payload);
  const proven = rows.map(async (row) => {
    const { state } = await api.readPerson(toUserId(idOf(row)));
    return 'emailVerified' in state && state.emailVerified;
  });
  t.deepEqual(await Promise.all(proven), [true, false, false]);
});

test('the row of a person erased since is refused as erased, with any body', async (t) => {
  const api = createApi(t);
  const { rows } = await importLines(api, personAt('a@example.org'));
  await api.send({ method: 'DELETE', url: `/v1/users/${idOf(rows[0])}`, headers: operator });
  const head = await api.head();
  for (const email of ['a@example.org', 'b@example.org']) {
    const again = await importLines(api, personAt(email));
    t.deepEqual(again.rows, [{ line: 1, outcome: 'refused', code: 'user-erased' }]);
    t.deepEqual(countsOf(again.summary), { ...none, rows: 1, refused: 1 });
  }
  t.is(await api.head(), head);
});

test('a refused row is decided again when the import is sent again', async (t) => {
  const api = createApi(t);
  const holder = await api.register('a@example.org');
  const payload = personAt('a@example.org');
  t.like((await importLines(api, payload)).rows[0], { code: 'address-taken' });
  await api.send({ method: 'DELETE', url: `/v1/users/${holder}`, headers: operator });
  t.like((await importLines(api, payload)).rows[0], { outcome: 'registered' });
});

test('rows without room in the log fail at once, and the answer reports them', async (t) => {
  const kinds = new Set<string>();
  let asked = 0;
  const room = {
    assert: (kind: string) => {
      kinds.add(kind);
      asked += 1;
      if (asked > 3) throw new AppError('log-full', { retryAfterSeconds: 600 });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const api = createApi(t, { room });
  const payload = Array.from({ length: 100 }, (_, n) => personAt(`p${n}@example.org`)).join('\n');
  const { rows, summary } = await importLines(api, payload);
  t.deepEqual(countsOf(summary), { ...none, rows: 100, registered: 3, failed: 97 });
  t.deepEqual(rows.at(-1), { line: 100, outcome: 'failed', code: 'log-full' });
  t.deepEqual([...kinds], ['vouched']);
  t.is(asked, 100);
});

test('people get mail only on request, and a later request is another import', async (t) => {
  const api = createApi(t);
  const payload = personAt('a@example.org');
  const mailOf = async (row: ImportRow | undefined) =>
    (await api.eventsOf(toUserId(idOf(row))))[0]?.data['mail'];
  const { rows } = await importLines(api, payload);
  t.is(await mailOf(rows[0]), 'none');
  t.deepEqual((await importLines(api, payload, '?mail=false')).rows, rows);
  const asked = await importLines(api, payload, '?mail=true');
  t.like(asked.rows[0], { outcome: 'refused', code: 'idempotency-key-reused' });
  const mailed = await importLines(api, `\n${personAt('b@example.org')}`, '?mail=true');
  t.is(await mailOf(mailed.rows[0]), undefined);
});

test('an import without rows is empty', async (t) => {
  const { rows, summary } = await importLines(createApi(t), '\n\n');
  t.deepEqual(rows, []);
  t.deepEqual(summary, none);
});

const refuses = test.macro<[Headers, Problem['code'], string?]>({
  title: (title = '') => `refuses ${title}`,
  exec: async (t, headers, code, more) => {
    const api = createApi(t);
    const response = await send(api, personAt('a@example.org'), headers, more);
    t.is(response.json<Problem>().code, code);
    t.is(await api.head(), 0);
  },
});

const { 'idempotency-key': _key, ...keyless } = importer;
const { authorization: _authorization, ...tokenless } = importer;
test(
  'another media type',
  refuses,
  { ...importer, 'content-type': 'application/json' },
  'unsupported-media-type',
);
test(
  'a compressed upload',
  refuses,
  { ...importer, 'content-encoding': 'gzip' },
  'unsupported-media-type',
);
test('an import without a key', refuses, keyless, 'malformed-header');
test(
  'an import with a short key',
  refuses,
  { ...keyless, 'idempotency-key': 'x' },
  'malformed-header',
);
test('an import without a token', refuses, tokenless, 'unauthorized');
test(
  'an import without the scope',
  refuses,
  { ...importer, ...as('x', 'registrations:write') },
  'forbidden',
);
test('an invalid value of mail', refuses, importer, 'invalid-request', '?mail=yes');
test(
  'an upload that declares too large a size',
  refuses,
  { ...importer, 'content-length': '10485761' },
  'payload-too-large',
);

test('a refused media type is answered with what is taken', async (t) => {
  const api = createApi(t);
  const headers = { ...importer, 'content-type': 'application/json' };
  const response = await send(api, personAt('a@example.org'), headers);
  t.is(response.statusCode, 415);
  t.is(response.headers.accept, 'application/x-ndjson');
});

test('a single registration still accepts no NDJSON', async (t) => {
  const { app } = createApi(t);
  const headers = { 'content-type': 'application/x-ndjson' };
  const response = await app.inject({
    method: 'POST',
    url: '/v1/registrations',
    headers,
    payload: '{}',
  });
  t.is(response.statusCode, 415);
});

test('an import beyond 10,000 rows is refused and reports the accepted rows', async (t) => {
  const api = createApi(t);
  const payload = `${personAt('a@example.org')}\n${'{}\n'.repeat(10_000)}`;
  const response = await send(api, payload);
  t.is(response.statusCode, 413);
  t.regex(response.json<Problem>().detail ?? '', /10000 rows\. Taken in before: 1 rows/);
});

test('a third concurrent import is refused until one has ended', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const memory = createMemoryLog();
  const log: EventLog = {
    ...memory,
    append: async (...about) => {
      await promise;
      return memory.append(...about);
    },
  };
  const api = createApi(t, { log });
  const two = ['a', 'b'].map((name) => send(api, personAt(`${name}@example.org`)));
  const third = await send(api, personAt('c@example.org'));
  t.is(third.statusCode, 503);
  t.is(third.json<Problem>().code, 'overloaded');
  t.is(third.headers['retry-after'], '5');
  resolve();
  for (const response of await Promise.all(two)) t.is(response.statusCode, 202);
  t.is((await send(api, personAt('c@example.org'))).statusCode, 202);
});

test('without the log every row fails, most of them without a try', async (t) => {
  let tries = 0;
  const log: EventLog = {
    ...createMemoryLog(),
    append: async () => {
      tries += 1;
      throw new Error('no leader');
    },
  };
  const api = createApi(t, { log, deadlineMs: 200 });
  const payload = Array.from({ length: 2_000 }, (_, n) => personAt(`p${n}@example.org`)).join('\n');
  const { rows, summary } = await importLines(api, payload);
  t.is(summary.failed, 2_000);
  t.is(summary.position, undefined);
  t.deepEqual(rows.at(-1), { line: 2_000, outcome: 'failed', code: 'log-unavailable' });
  t.true(tries > 0);
});

test('when the process stops, the rest of the rows fail and the answer still ends', async (t) => {
  const stopping = new AbortController();
  const memory = createMemoryLog();
  const log: EventLog = {
    ...memory,
    append: async (...about) => {
      stopping.abort();
      return memory.append(...about);
    },
  };
  const api = createApi(t, { log, stopping: stopping.signal });
  const payload = Array.from({ length: 300 }, (_, n) => personAt(`p${n}@example.org`)).join('\n');
  const { rows, summary } = await importLines(api, payload);
  t.true(summary.registered > 0);
  t.is(summary.registered + summary.failed, 300);
  t.deepEqual(rows.at(-1), { line: 300, outcome: 'failed', code: 'service-unavailable' });
});
