import { createSilentLogger, readTestStack, waitUntil } from '@zameni/runtime/testing';
import { readSecret } from '@zameni/runtime';
import test, { type ExecutionContext } from 'ava';
import { createLogLookup, type LogLookup } from './log-lookup.ts';

const { signal } = new AbortController();
const id = '01980000-0000-4000-8000-00000000dead';

function createTestLookup(
  t: ExecutionContext,
  servers: readonly string[],
  password: string,
): LogLookup {
  const stopping = new AbortController();
  const lookup = createLogLookup({
    nats: { servers, user: 'query-api', password, name: 'test' },
    readStates: async () => new Map(),
    logger: createSilentLogger(),
    signal: stopping.signal,
  });
  t.teardown(async () => {
    stopping.abort();
    await lookup[Symbol.asyncDispose]();
  });
  return lookup;
}

test('starts without the log and throws `log-unavailable`', async (t) => {
  // No server listens on port 1.
  const lookup = createTestLookup(t, ['127.0.0.1:1'], 'x');
  await t.throwsAsync(lookup.isInLog(id, signal), { message: /event log cannot be reached/ });
  await t.throwsAsync(lookup.readHead(signal), { message: /event log cannot be reached/ });
});

test('finds no record of an unknown registration', async (t) => {
  const { nats } = await readTestStack();
  const password = readSecret(nats.users['query-api']?.passwordFile ?? '');
  const lookup = createTestLookup(t, nats.servers, password);
  // It connects in the background.
  await waitUntil(() =>
    lookup.readHead(signal).then(
      () => true,
      () => false,
    ),
  );
  t.false(await lookup.isInLog(id, signal));
  t.true(Number.isSafeInteger(await lookup.readHead(signal)));
});
