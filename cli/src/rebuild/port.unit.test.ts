import test from 'ava';
import { createOperatorClient } from '../operator/client.ts';
import { versionOf } from './port.fixture.ts';
import { createReadModelsPort } from './port.ts';

/** A port to a projector that answers so, and what it was sent. */
function createTestPort(answer: object, status = 200) {
  const sent: unknown[] = [];
  const client = createOperatorClient({
    service: 'projector',
    urls: ['http://one'],
    token: async () => 'token',
    signal: new AbortController().signal,
    fetch: async (url, { method, body }) => {
      sent.push([method, url, ...(typeof body === 'string' ? [JSON.parse(body)] : [])]);
      return new Response(JSON.stringify(answer), { status });
    },
  });
  return { port: createReadModelsPort(client), sent };
}

test('lists the versions and the head of the log', async (t) => {
  const answer = { head: null, versions: [versionOf(1)] };
  const { port, sent } = createTestPort(answer);
  t.deepEqual(await port.list(), answer);
  t.deepEqual(sent, [['GET', 'http://one/v1/read-models']]);
});

test('each change is one request', async (t) => {
  const version = versionOf(3);
  const { port, sent } = createTestPort(version, 202);
  t.deepEqual(await port.start(undefined), version);
  await port.start(['users', 'attempts']);
  await port.accept(3, 'new-fold');
  await port.switchTo(2);
  await port.drop(1);
  t.deepEqual(sent, [
    ['POST', 'http://one/v1/read-models', {}],
    ['POST', 'http://one/v1/read-models', { readModels: ['users', 'attempts'] }],
    ['POST', 'http://one/v1/read-models/3/acceptances', { reason: 'new-fold' }],
    ['POST', 'http://one/v1/read-models/2/switches'],
    ['DELETE', 'http://one/v1/read-models/1'],
  ]);
});

test('a refusal is an error with its code, and says why', async (t) => {
  const problem = { code: 'rebuild-state', title: 'A title', traceId: 'a'.repeat(32) };
  const detailed = createTestPort({ ...problem, detail: 'Something is\u001b parked' }, 409);
  await t.throwsAsync(detailed.port.start(['users']), {
    code: 'rebuild-state',
    message: `Something is\\u{1b} parked: rebuild-state, status 409 (trace ${'a'.repeat(32)})`,
  });
  await t.throwsAsync(createTestPort(problem, 409).port.drop(1), { message: /^A title: / });
});

test('an answer of another version of Zameni is unexpected', async (t) => {
  const { port } = createTestPort({ ...versionOf(1), state: 'hidden' }, 202);
  await t.throwsAsync(port.drop(1), { code: 'unexpected-answer' });
  await t.throwsAsync(port.list(), { code: 'unexpected-answer' });
});
