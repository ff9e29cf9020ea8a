import { MAX_BODY_BYTES, MAX_PUBLIC_BODY_BYTES, Problem } from '@zameni/contracts';
import test from 'ava';
import { Type } from 'typebox';
import { createLogger } from '../process/logger.ts';
import { createHttpApp } from '../http/app.ts';
import { createValidator } from '../http/validation.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const app = createHttpApp({ logger, checks: {} });
app.post('/echo', async ({ body }) => ({ body }));
app.get('/things/:id', async () => ({}));
app.patch('/echo', async ({ body }) => ({ body }));
app.delete('/things/:id', async ({ body }) => ({ body }));
app.post('/things/:id/wakes', async ({ body }) => ({ body }));
app.post('/needing', { schema: { body: Type.Object({}) } }, async ({ body }) => ({ body }));

const post = (payload: string | Buffer, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/echo',
    headers: { 'content-type': 'application/json', ...headers },
    payload,
  });

const withToken = { authorization: 'Bearer token' };

const takes = test.macro<[string, Record<string, string>]>({
  title: (_, body, headers) => `takes ${body} with ${JSON.stringify(headers)}`,
  exec: async (t, body, headers) => {
    const response = await post(body, headers);
    t.is(response.statusCode, 200);
    t.deepEqual(response.json(), { body: JSON.parse(body) });
  },
});

const refuses = test.macro<[string | Buffer, Record<string, string>, number, string, string?]>({
  title: (title, _body, headers) => `refuses ${title ?? `a body with ${JSON.stringify(headers)}`}`,
  exec: async (t, body, headers, status, code, pointer) => {
    const response = await post(body, headers);
    t.is(response.statusCode, status);
    t.regex(String(response.headers['content-type']), /^application\/problem\+json/);
    const problem = response.json<Problem>();
    t.is(createValidator(Problem)(problem), undefined);
    t.is(problem.code, code as Problem['code']);
    t.is(problem.errors?.[0]?.pointer, pointer);
  },
});

test(takes, '{"a":1}', {});
test(takes, '{"a":1}', { 'content-type': 'application/json; charset=utf-8' });
test(takes, '{"a":1}', { 'content-type': 'Application/JSON;charset="UTF-8"' });
test(takes, '{"a":1}', { 'content-type': 'application/json; version=1' });
test(takes, '{"a":1}', { 'content-encoding': 'identity' });
test(takes, '{"a":1}', { 'content-encoding': 'Identity' });

const unsupported = [415, 'unsupported-media-type'] as const;
const contentTypes = [
  'application/json; charset=iso-8859-1',
  'application/json; charset=utf-16',
  'application/json; charset=utf-8; charset=latin1',
  'application/json; charset=',
  'text/plain',
  'text/json',
  'application/ld+json',
  'application/jsonp',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application',
  'application/json, text/plain',
];
for (const contentType of contentTypes) {
  test(refuses, '{}', { 'content-type': contentType }, ...unsupported);
}
for (const encoding of ['gzip', 'br', 'identity, gzip', 'x']) {
  test(refuses, '{}', { 'content-encoding': encoding }, ...unsupported);
}

test('a duplicate name', refuses, '{"a":1,"a":2}', {}, 400, 'malformed-json');
test('invalid UTF-8', refuses, Buffer.from([0x22, 0xff, 0x22]), {}, 400, 'malformed-json');
test('a NUL in a text', refuses, '{"a":"\\u0000"}', {}, 422, 'invalid-request', '/a');
test('half a pair', refuses, '{"a":{"b":["\\ud800"]}}', {}, 422, 'invalid-request', '/a/b/0');
test(
  'a number too long',
  refuses,
  '{"a":[1,9007199254740993]}',
  {},
  422,
  'invalid-request',
  '/a/1',
);
test(
  'a place under a name that may be data, without repeating it',
  refuses,
  '{"a":{"vera@example.org":"\\ud800"}}',
  {},
  422,
  'invalid-request',
  '/a',
);
test(
  'a body over the limit',
  refuses,
  `"${'x'.repeat(MAX_BODY_BYTES)}"`,
  withToken,
  413,
  'payload-too-large',
);

test(
  'a body over the limit of requests without a token',
  refuses,
  `"${'x'.repeat(MAX_PUBLIC_BODY_BYTES - 1)}"`,
  {},
  413,
  'payload-too-large',
);

test('takes a body of exactly the limit', async (t) => {
  const sized = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
  t.is((await post(sized(MAX_BODY_BYTES), withToken)).statusCode, 200);
  t.is((await post(sized(MAX_PUBLIC_BODY_BYTES))).statusCode, 200);
});

test('the limit counts the bytes received, not the length that the request claims', async (t) => {
  const body = `"${'š'.repeat(MAX_PUBLIC_BODY_BYTES / 2)}"`;
  t.is((await post(body)).statusCode, 413);
  t.is((await post(body, withToken)).statusCode, 200);
});

const answers = test.macro<[string, number, string]>({
  title: (_, path, status) => `answers ${path.slice(0, 40)} with problem document ${status}`,
  exec: async (t, url, status, code) => {
    const response = await app.inject({ method: 'GET', url });
    t.is(response.statusCode, status);
    t.regex(String(response.headers['content-type']), /^application\/problem\+json/);
    const problem = response.json<Problem>();
    t.is(createValidator(Problem)(problem), undefined);
    t.is(problem.code, code as Problem['code']);
    t.regex(problem.traceId ?? '', /^[0-9a-f]{32}$/);
  },
});
test(answers, '/nowhere', 404, 'not-found');
test(answers, '/%zz', 404, 'not-found');

const takesNothing = test.macro<['DELETE' | 'POST', string, Record<string, string>]>({
  title: (_, method, url, headers) =>
    `${method} ${url} needs no body, whatever type ${JSON.stringify(headers)} names`,
  exec: async (t, method, url, headers) => {
    const response = await app.inject({ method, url, headers });
    t.is(response.statusCode, 200);
    t.is(response.json<{ body?: unknown }>().body ?? null, null);
  },
});
for (const type of ['application/json', 'application/json; charset=utf-8', 'text/plain', 'x']) {
  test(takesNothing, 'DELETE', '/things/7', { 'content-type': type });
  test(takesNothing, 'POST', '/things/7/wakes', { 'content-type': type, 'content-length': '0' });
}
test(takesNothing, 'DELETE', '/things/7', {
  'content-type': 'application/json',
  'transfer-encoding': 'chunked',
});

test('a body that is needed must be there', async (t) => {
  const headers = { 'content-type': 'application/json' };
  const response = await app.inject({ method: 'POST', url: '/needing', headers });
  t.is(response.statusCode, 400);
  t.is(response.json<Problem>().code, 'malformed-json');
});

test('a PATCH takes a merge patch and plain JSON', async (t) => {
  for (const type of ['application/merge-patch+json', 'application/json']) {
    for (const contentType of [type, `${type}; charset=UTF-8`, type.toUpperCase()]) {
      const headers = { 'content-type': contentType };
      const response = await app.inject({ method: 'PATCH', url: '/echo', headers, payload: '{}' });
      t.is(response.statusCode, 200, contentType);
      t.deepEqual(response.json(), { body: {} });
    }
  }
  t.is((await post('{}', { 'content-type': 'application/merge-patch+json' })).statusCode, 415);
});

test('an answer 415 says what is taken', async (t) => {
  const accept = async (method: 'PATCH' | 'POST', headers: Record<string, string>) => {
    const response = await app.inject({ method, url: '/echo', headers, payload: 'x' });
    t.is(response.statusCode, 415);
    const { accept, 'accept-patch': patch, 'accept-encoding': encoding } = response.headers;
    return { accept, patch, encoding };
  };
  const patch = 'application/merge-patch+json, application/json';
  const json = 'application/json';
  for (const headers of [
    { 'content-type': 'text/plain' },
    { 'content-type': 'x' },
    { 'content-type': 'application/json; charset=latin1' },
    { 'content-type': json, 'content-encoding': 'gzip' },
  ]) {
    t.like(await accept('PATCH', headers), { accept: undefined, patch, encoding: 'identity' });
    t.like(await accept('POST', headers), { accept: json, patch: undefined, encoding: 'identity' });
  }
});
