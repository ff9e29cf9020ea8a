import { createOpenApi, ERROR_CODES, type ErrorCode, PROBLEM_STATUS } from '@zameni/contracts';
import test from 'ava';
import type { FuzzCase } from './case.ts';
import { readContract } from './contract.ts';
import { judge } from './judge.ts';
import { type Answer, readAnswer } from './wire.ts';

const contract = readContract(createOpenApi());
const person = {
  email: 'vera.markovic@example.org',
  displayName: 'Vera Marković',
  locale: 'en',
  termsVersion: '1',
};
const request: FuzzCase = {
  target: { name: 'command-api-1', port: 1 },
  how: 'registerPerson',
  kind: 'valid',
  method: 'POST',
  path: '/v1/registrations',
  headers: [],
  body: Buffer.from(JSON.stringify(person)),
  person,
  expect: [202],
};
const id = '01980000-0000-7000-8000-000000000001';
const accepted: Answer = {
  status: 202,
  headers: [
    ['content-type', 'application/json; charset=utf-8'],
    ['location', `/v1/registrations/${id}`],
    ['position', 'A'.repeat(23)],
    ['cache-control', 'no-store'],
  ],
  body: Buffer.from(JSON.stringify({ registrationId: id })),
};

function problem(code: ErrorCode, more: object = {}): Answer {
  const status = PROBLEM_STATUS[code];
  const type = `https://zameni.example/problems/${code}`;
  return {
    status,
    headers: [['content-type', 'application/problem+json']],
    body: Buffer.from(
      JSON.stringify({
        type,
        title: ERROR_CODES[code],
        status,
        code,
        traceId: 'a'.repeat(32),
        ...more,
      }),
    ),
  };
}

const passes = test.macro<[FuzzCase, Answer]>({
  title: (title) => `lets ${title} pass`,
  exec: (t, request, answer) => t.deepEqual(judge(contract, request, { answers: [answer] }), []),
});
const finds = test.macro<[FuzzCase, Answer, RegExp]>({
  title: (title) => `finds ${title}`,
  exec: (t, request, answer, fault) => {
    t.regex(judge(contract, request, { answers: [answer] }).join('\n'), fault);
  },
});

const strict = { ...request, expect: [400], code: 'malformed-json' };
const plain: FuzzCase = { ...request, kind: 'near-valid', expect: [422] };
const without = (name: string): Answer => ({
  ...accepted,
  headers: accepted.headers.filter(([key]) => key !== name),
});
const elsewhere: FuzzCase = { ...plain, path: '/v1/nowhere', expect: [404] };

test('a documented success', passes, request, accepted);
test('a documented problem', passes, strict, problem('malformed-json'));
test('a problem of the catalogue outside the document', passes, elsewhere, problem('not-found'));

test('a status of 500', finds, request, problem('internal'), /status 500/);
test('a status of 503', finds, request, problem('overloaded'), /status 503/);
test('an undocumented status', finds, request, { ...accepted, status: 206 }, /206 is not/);
test('an unexpected status', finds, strict, accepted, /instead of 400/);
test('an unexpected code', finds, strict, problem('bad-request'), /instead of malformed-json/);
test('a missing header', finds, request, without('position'), /position of 202: missing/);
test('a missing content type', finds, request, without('content-type'), /content type undefined/);
test(
  'an undocumented header',
  finds,
  request,
  { ...accepted, headers: [...accepted.headers, ['x-powered-by', 'us']] },
  /x-powered-by of 202 is not documented/,
);
test(
  'a body that does not fit its schema',
  finds,
  request,
  { ...accepted, body: Buffer.from(JSON.stringify({ registrationId: id, extra: 1 })) },
  /body of 202/,
);
test(
  'an error without a problem document',
  finds,
  strict,
  { ...problem('malformed-json'), headers: [['content-type', 'application/json']] },
  /content type application\/json/,
);
test(
  'a code outside the catalogue',
  finds,
  strict,
  problem('malformed-json', { code: 'oops' }),
  /no code of the catalogue/,
);
test(
  'a body with another status than the answer',
  finds,
  strict,
  problem('malformed-json', { status: 422 }),
  /status of the problem/,
);
test(
  'an accepted body that does not fit its schema',
  finds,
  { ...request, body: Buffer.from('{}') },
  accepted,
  /takes a body against its schema/,
);
test(
  'personal data in an error',
  finds,
  plain,
  problem('invalid-request', { detail: 'vera.markovic@example.org is taken' }),
  /repeats "vera.markovic@example.org"/,
);
test('a success outside the document', finds, elsewhere, accepted, /outside the document/);
test('a timeout of a whole request', finds, plain, problem('request-timeout'), /sent in time/);

test('a fault of the connection is a fault', (t) => {
  t.deepEqual(judge(contract, request, { answers: [], fault: 'hung' }), ['hung']);
});

const reads = test.macro<[string, number | undefined, string?]>({
  title: (_, text) => `reads ${JSON.stringify(text)}`,
  exec: (t, text, status, rest = '') => {
    const read = readAnswer(Buffer.from(text), false);
    t.is(read?.answer.status, status);
    t.is(read?.rest.toString() ?? '', rest);
  },
});
test(reads, 'HTTP/1.1 200 OK\r\n', undefined);
test(reads, 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab', undefined);
test(reads, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP', 200, 'HTTP');
test(reads, 'HTTP/1.1 304 Not Modified\r\n\r\n', 304);
test(reads, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n', 200);
test('text that is not HTTP throws', (t) => {
  t.throws(() => readAnswer(Buffer.from('SSH-2.0-x\r\n\r\n'), false));
  t.throws(() => readAnswer(Buffer.from('HTTP/1.1 200 OK\r\nbroken\r\n\r\n'), false));
  t.throws(() => readAnswer(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), false));
});
