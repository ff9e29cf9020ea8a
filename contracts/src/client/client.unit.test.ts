import test from 'ava';
import { type ClientOptions, ContractError, createClient } from './client.ts';
import { EXAMPLE_ID, EXAMPLES, exampleProblem } from '../documents/examples.ts';
import type { RegisterCommand } from '../commands.ts';

const position = 'AQAAAAAAAAAAAAAAAAAAAAA';
const person = EXAMPLES['RegisterCommand'] as RegisterCommand;
const accepted = {
  Location: `/v1/registrations/${EXAMPLE_ID}`,
  Position: position,
  'Cache-Control': 'no-store',
};
const read = {
  Position: position,
  'Cache-Control': 'private, no-cache',
  Vary: 'Authorization',
  ETag: '"accounts.1-1"',
};

type Sent = { readonly url: string; readonly init: Parameters<ClientOptions['fetch']>[1] };

/** A client whose requests all get one answer, and the requests that it sent. */
function createTestClient(
  status: number,
  body: unknown,
  headers: Record<string, string>,
  options: Partial<ClientOptions> = {},
) {
  const sent: Sent[] = [];
  const client = createClient({
    baseUrl: 'http://api.example',
    fetch: async (url, init) => {
      sent.push({ url, init });
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return new Response(status === 304 ? null : text, {
        status,
        headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
      });
    },
    ...options,
  });
  return { client, sent };
}

const problemHeaders = { 'Content-Type': 'application/problem+json' };

test('sends body, headers and token, and returns the answer with its headers', async (t) => {
  const body = EXAMPLES['RegistrationAccepted'];
  const { client, sent } = createTestClient(202, body, accepted, { token: 'abc' });
  const headers = { 'Idempotency-Key': '0123456789abcdef' };
  const answer = await client.registerPerson({ body: person, headers });
  t.is(answer.status, 202);
  if (answer.status !== 202) return;
  t.is(answer.body.registrationId, EXAMPLE_ID);
  t.is(answer.headers.Position, position);
  t.is(sent[0]?.url, 'http://api.example/v1/registrations');
  t.like(sent[0]?.init, { method: 'POST', body: JSON.stringify(person) });
  t.like(sent[0]?.init.headers, {
    ...headers,
    'Content-Type': 'application/json',
    Authorization: 'Bearer abc',
  });
});

test('encodes parameters in the path', async (t) => {
  const { client, sent } = createTestClient(200, EXAMPLES['UserView'], read, { token: 'abc' });
  const answer = await client.readUser({ params: { id: 'a/b' } }, { token: 'of this call' });
  t.is(answer.status, 200);
  t.is(sent[0]?.url, 'http://api.example/v1/users/a%2Fb');
  t.is(sent[0]?.init.body, undefined);
  t.is(sent[0]?.init.headers['Authorization'], 'Bearer of this call');
});

test('an answer without a body has none', async (t) => {
  const { client } = createTestClient(304, '', read);
  const answer = await client.readUser({ params: { id: EXAMPLE_ID } });
  t.is(answer.status, 304);
  t.is(answer.body, undefined);
});

test('a problem is an answer with its code', async (t) => {
  const problem = exampleProblem('overloaded');
  const { client } = createTestClient(503, problem, { ...problemHeaders, 'Retry-After': '2' });
  const answer = await client.registerPerson({ body: person });
  t.is(answer.status, 503);
  if (answer.status !== 503) return;
  t.is(answer.code, 'overloaded');
  t.is(answer.headers['Retry-After'], '2');
  t.deepEqual(answer.body, problem);
});

const refuses = test.macro<[number, unknown, Record<string, string>]>({
  title: (title = '') => `refuses ${title}`,
  exec: async (t, status, body, headers) => {
    const { client } = createTestClient(status, body, headers);
    const error = await t.throwsAsync(client.readUser({ params: { id: EXAMPLE_ID } }), {
      instanceOf: ContractError,
    });
    t.false(error?.message.includes('vera'));
  },
});

const user = EXAMPLES['UserView'] ?? {};
const { ETag: _etag, ...untagged } = read;
test('a status that the operation does not have', refuses, 201, user, read);
test('a body of another form', refuses, 200, { ...user, version: 'one' }, read);
test('a body that is not JSON', refuses, 200, '{"userId":', read);
test('another media type', refuses, 200, user, { ...read, 'Content-Type': 'text/html' });
test('an answer that lacks a header', refuses, 200, user, untagged);
test(
  'a problem of another operation',
  refuses,
  409,
  exampleProblem('address-taken'),
  problemHeaders,
);
test('a code under another status', refuses, 500, exampleProblem('forbidden'), problemHeaders);
test('a problem of another form', refuses, 403, { code: 'forbidden' }, problemHeaders);

test('gives up when the deadline passes or the caller aborts', async (t) => {
  const client = createClient({
    baseUrl: 'http://api.example',
    fetch: (_url, { signal }) =>
      new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  });
  const request = { params: { id: EXAMPLE_ID } };
  await t.throwsAsync(client.readUser(request, { deadlineMs: 5 }), { name: 'TimeoutError' });
  const signal = AbortSignal.abort(new Error('not wanted'));
  await t.throwsAsync(client.readUser(request, { signal }), { message: 'not wanted' });
});

const summary = {
  rows: 1,
  registered: 1,
  refused: 0,
  invalid: 0,
  failed: 0,
  position,
};
const ndjson = { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' };
const headers = { 'Idempotency-Key': '0123456789abcdef' };

async function* people() {
  yield person;
  yield { ...person, email: 'second@example.org' };
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

test('sends people as lines and reads the lines of the answer', async (t) => {
  const lines = [EXAMPLES['ImportLine'], summary].map((line) => JSON.stringify(line)).join('\n');
  const { client, sent } = createTestClient(202, lines, ndjson);
  const query = { mail: 'true' } as const;
  const answer = await client.importPeople({ body: people(), headers, query });
  t.is(answer.status, 202);
  if (answer.status !== 202) return;
  t.deepEqual<unknown, unknown>(await collect(answer.body), [EXAMPLES['ImportLine'], summary]);
  t.is(sent[0]?.url, 'http://api.example/v1/imports?mail=true');
  t.like(sent[0]?.init.headers, { ...headers, 'Content-Type': 'application/x-ndjson' });
  const body = await new Response(sent[0]?.init.body ?? null).text();
  const [first, second, rest] = body.split('\n');
  t.deepEqual<unknown, unknown>(JSON.parse(first ?? ''), person);
  t.is(JSON.parse(second ?? '').email, 'second@example.org');
  t.is(rest, '');
});

test('sends NDJSON as it is, and refuses an invalid line when it arrives', async (t) => {
  const lines = `${JSON.stringify(EXAMPLES['ImportLine'])}\n{"line":2,"outcome":"lost"}\n`;
  const { client, sent } = createTestClient(202, lines, ndjson);
  const answer = await client.importPeople({ body: '{}\n', headers });
  t.is(sent[0]?.init.body, '{}\n');
  if (answer.status !== 202) return t.fail();
  const body = answer.body[Symbol.asyncIterator]();
  t.deepEqual<unknown, unknown>((await body.next()).value, EXAMPLES['ImportLine']);
  await t.throwsAsync(async () => body.next(), { instanceOf: ContractError });
});
