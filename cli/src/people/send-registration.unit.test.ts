import test from 'ava';
import { idempotencyKeyOf, type SendOptions, sendRegistration } from './send-registration.ts';

const line = Buffer.from('{"email":"vera@example.org"}');

type Answer = readonly [status: number, body?: unknown, headers?: Record<string, string>] | 'cut';

/** Sends a line against a sequence of answers. The last one repeats. */
function createServer(answers: readonly Answer[], options: Partial<SendOptions> = {}) {
  const requests: Request[] = [];
  const waits: number[] = [];
  const send = () =>
    sendRegistration(line, {
      url: 'http://zameni.example.org',
      token: async () => 'jwt',
      retries: 8,
      deadlineMs: 60_000,
      signal: new AbortController().signal,
      fetch: async (input, init) => {
        requests.push(new Request(input, init));
        const answer = answers[Math.min(requests.length, answers.length) - 1];
        if (answer === undefined || answer === 'cut') throw new TypeError('fetch failed');
        const [status, body = {}, headers = {}] = answer;
        return new Response(JSON.stringify(body), { status, headers });
      },
      wait: async (ms) => void waits.push(ms),
      ...options,
    });
  return { send, requests, waits };
}

const overloaded = [503, { code: 'overloaded' }] as const;

test('sends the unchanged line with the token and a key made from its bytes', async (t) => {
  const { send, requests } = createServer([[201]]);
  t.deepEqual(await send(), { result: 'registered' });
  const [request] = requests;
  t.is(request?.url, 'http://zameni.example.org/v1/registrations');
  t.is(request?.headers.get('authorization'), 'Bearer jwt');
  t.is(request?.headers.get('idempotency-key'), idempotencyKeyOf(line));
  t.regex(idempotencyKeyOf(line), /^[0-9a-f]{64}$/);
  t.is(await request?.text(), line.toString());
});

const ends = test.macro<[Answer, unknown]>({
  title: (_, answer) => `${String(answer[0])} ends the line without a retry`,
  exec: async (t, answer, expected) => {
    const { send, requests } = createServer([answer]);
    t.deepEqual<unknown, unknown>(await send(), expected);
    t.is(requests.length, 1);
  },
});
const errors = [{ pointer: '/email', code: 'format' }];
test(ends, [202], { result: 'accepted' });
test(ends, [410, { code: 'user-erased' }], {
  result: 'erased',
  code: 'user-erased',
  status: 410,
  errors: [],
});
test(ends, [409, { code: 'address-taken' }], {
  result: 'duplicate',
  code: 'address-taken',
  status: 409,
  errors: [],
});
test(ends, [422, { code: 'invalid-request', errors, detail: 'vera@example.org' }], {
  result: 'invalid',
  code: 'invalid-request',
  status: 422,
  errors,
});
test(ends, [401, { code: 'unauthorized' }], {
  result: 'hopeless',
  code: 'unauthorized',
  status: 401,
});
test(ends, [404, 'a page'], { result: 'hopeless', code: 'unexpected-answer', status: 404 });
test(ends, [500, { code: 'internal' }], {
  result: 'failed',
  code: 'internal',
  status: 500,
  errors: [],
});

test('retries transient failures with the same key until the line has a result', async (t) => {
  const { send, requests, waits } = createServer([overloaded, 'cut', [429], [504], [201]]);
  t.deepEqual(await send(), { result: 'registered' });
  t.is(new Set(requests.map(({ headers }) => headers.get('idempotency-key'))).size, 1);
  t.is(waits.length, 4);
  for (const [n, ms] of waits.entries()) t.true(ms >= 0 && ms <= 100 * 2 ** n, String(ms));
});

test('retries while the log has no room, and reports it in the end', async (t) => {
  const full: Answer = [503, { code: 'log-full' }, { 'retry-after': '5' }];
  const { send, waits } = createServer([full, full, [201]]);
  t.deepEqual(await send(), { result: 'registered' });
  t.is(waits.length, 2);
  for (const ms of waits) t.true(ms >= 5_000 && ms < 6_000);
  const staysFull = createServer([full], { retries: 2 });
  t.deepEqual(await staysFull.send(), {
    result: 'failed',
    code: 'log-full',
    status: 503,
    errors: [],
  });
  t.is(staysFull.requests.length, 3);
});

test('retries after Retry-After, with jitter', async (t) => {
  const { send, waits } = createServer([[503, {}, { 'retry-after': '3' }], [201]]);
  await send();
  t.true((waits[0] ?? 0) >= 3_000 && (waits[0] ?? 0) < 4_000);
});

test('gives up after the maximum number of retries and reports the reason', async (t) => {
  const { send, requests } = createServer([overloaded], { retries: 3 });
  t.deepEqual(await send(), { result: 'failed', code: 'overloaded', status: 503, errors: [] });
  t.is(requests.length, 4);
});

test('gives up if the wait would end after the deadline', async (t) => {
  const { send, requests } = createServer([[503, { code: 'overloaded' }, { 'retry-after': '90' }]]);
  t.deepEqual(await send(), { result: 'failed', code: 'overloaded', status: 503, errors: [] });
  t.is(requests.length, 1);
});

test('a line that waits for its retry during a stop is unfinished', async (t) => {
  const stopping = new AbortController();
  const { send } = createServer(['cut'], {
    signal: stopping.signal,
    wait: async () => {
      stopping.abort();
      throw new Error('stopped');
    },
  });
  t.deepEqual(await send(), { result: 'unfinished' });
});
