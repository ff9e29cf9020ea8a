import test from 'ava';
import { CommandError } from '../framework/command.ts';
import { createOperatorClient } from '../operator/client.ts';
import { createOperatorPort } from './operator-port.ts';
import { parkedAt } from './port.fixture.ts';

type Sent = { readonly url: string; readonly method: string; readonly body: unknown };

/** A client of two projectors that answer one after the other, and what was sent. */
function createTestPort(...answers: readonly (Response | Error)[]) {
  const sent: Sent[] = [];
  const left = [...answers];
  const client = createOperatorClient({
    service: 'projector',
    urls: ['http://one', 'http://two'],
    token: async () => 'token',
    signal: new AbortController().signal,
    fetch: async (url, { method = '', body, headers }) => {
      const { authorization } = headers as Record<string, string>;
      if (authorization !== 'Bearer token') throw new Error('no token was sent');
      sent.push({ url, method, body: typeof body === 'string' ? JSON.parse(body) : undefined });
      const answer = left.shift();
      if (answer instanceof Response) return answer;
      throw answer ?? new Error('nothing more was expected');
    },
  });
  return { port: createOperatorPort(client), sent };
}

const answer = (body: object, status = 200, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers });
const problem = (code: string, status: number, headers = {}) =>
  answer({ code, title: 'A title', traceId: 'a'.repeat(32) }, status, headers);
const park = parkedAt(7);

test('lists all pages', async (t) => {
  const { port, sent } = createTestPort(
    answer({ parked: [park], next: '7-1-accounts' }),
    answer({ parked: [parkedAt(8)], next: null }),
  );
  t.deepEqual(await port.list({ reason: 'rejected', id: undefined }), [park, parkedAt(8)]);
  t.deepEqual(
    sent.map(({ url }) => url),
    [
      'http://one/v1/parked?limit=1000&reason=rejected',
      'http://one/v1/parked?limit=1000&reason=rejected&after=7-1-accounts',
    ],
  );
});

test('asks the next projector if one does not answer', async (t) => {
  const { port, sent } = createTestPort(new Error('refused'), answer({ parked: [], next: null }));
  t.deepEqual(await port.list({}), []);
  t.is(sent[1]?.url, 'http://two/v1/parked?limit=1000');
  const away = createTestPort(new Error('refused'), new Error('refused'));
  await t.throwsAsync(away.port.list({}), { instanceOf: CommandError, code: 'no-answer' });
});

test('requests a redrive of a subject, whatever characters it has', async (t) => {
  const { port, sent } = createTestPort(answer({ parked: [park], next: null }, 202));
  t.deepEqual(await port.requestRedrive('zameni.account.a/ b'), [park]);
  t.deepEqual(sent, [
    {
      url: 'http://one/v1/parked/zameni.account.a%2F%20b/redrives',
      method: 'POST',
      body: undefined,
    },
  ]);
});

test('requests a discard with reason and position', async (t) => {
  const { port, sent } = createTestPort(answer({ parked: [park], next: null }, 202));
  const body = { reason: 'lost-key', position: 7 };
  t.deepEqual(await port.discard(park.id, body), [park]);
  t.deepEqual(sent[0]?.body, body);
});

test('what is not parked is nothing to a reader, and an error to a discard', async (t) => {
  const missing = () => createTestPort(problem('not-found', 404)).port;
  t.deepEqual(await missing().find(park.id), []);
  t.deepEqual(await missing().requestRedrive(park.id), []);
  const body = { reason: 'lost-key', position: 7 };
  const error = await t.throwsAsync(missing().discard(park.id, body));
  t.like(error, { code: 'not-found', traceId: 'a'.repeat(32) });
});

test('a refusal by the limit is sent again', async (t) => {
  const limited = problem('rate-limited', 429, { 'retry-after': '0' });
  const { port, sent } = createTestPort(limited, answer({ parked: [park], next: null }, 202));
  t.deepEqual(await port.requestRedrive(park.id), [park]);
  t.is(sent.length, 2);
});

test('any other problem is an error with its code', async (t) => {
  const { port } = createTestPort(problem('park-changed', 409));
  const error = await t.throwsAsync(port.discard(park.id, { reason: 'lost-key', position: 7 }));
  t.like(error, {
    code: 'park-changed',
    message: `A title: park-changed, status 409 (trace ${'a'.repeat(32)})`,
  });
});

test('an answer of something else is unexpected', async (t) => {
  for (const text of ['<html>', '{"parked":[{}],"next":null}']) {
    const { port } = createTestPort(new Response(text));
    await t.throwsAsync(port.list({}), { code: 'unexpected-answer' });
  }
});
