import { mock } from 'node:test';
import test from 'ava';
import { createHttpApp } from './app.ts';
import { noteWaits, waitedMsOf } from './note-waits.ts';
import { createSilentLogger } from '../testing/silent-logger.ts';

test('waits of a request add up, and one that goes on counts', async (t) => {
  const now = mock.method(performance, 'now', () => nowMs);
  t.teardown(() => now.mock.restore());
  let nowMs = 1_000;
  const app = createHttpApp({ logger: createSilentLogger(), checks: {} });
  app.get('/v1/waits', async (request) => {
    const begin = noteWaits(request);
    const waited = [waitedMsOf(request)];
    const end = begin();
    nowMs += 40;
    waited.push(waitedMsOf(request));
    end();
    nowMs += 1_000;
    waited.push(waitedMsOf(request));
    begin();
    nowMs += 5;
    return [...waited, waitedMsOf(request)];
  });
  t.deepEqual((await app.inject('/v1/waits')).json(), [0, 40, 40, 45]);
});
