import type { Status } from '@nats-io/transport-node';
import test from 'ava';
import { createUntilLost } from './until-lost.ts';

/** A connection whose states the test tells. */
function createConnection() {
  const told: Status[] = [];
  let wake = () => {};
  return {
    status: async function* () {
      for (;;) {
        const next = told.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    tell: (status: Status) => {
      told.push(status);
      wake();
    },
  };
}

test('answers and errors pass', async (t) => {
  const untilLost = createUntilLost(createConnection());
  t.is(await untilLost(Promise.resolve('answer')), 'answer');
  await t.throwsAsync(untilLost(Promise.reject(new Error('refused'))), { message: 'refused' });
});

test('a lost connection ends every wait, and later ones wait anew', async (t) => {
  const connection = createConnection();
  const untilLost = createUntilLost(connection);
  const waits = [1, 2].map(() => untilLost(new Promise(() => {})));
  connection.tell({ type: 'ping', pendingPings: 1 });
  connection.tell({ type: 'disconnect', server: 'nats-1' });
  for (const wait of waits) await t.throwsAsync(wait, { message: /was lost/ });
  const { promise, resolve } = Promise.withResolvers<string>();
  const later = untilLost(promise);
  resolve('later');
  t.is(await later, 'later');
});
