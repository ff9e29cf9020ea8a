import { mock } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { headers } from '@nats-io/transport-node';
import test, { type ExecutionContext } from 'ava';
import { LogReadError, type PullConnection, type PullMessage, startPull } from './pull.ts';

const INBOX = '_INBOX.test.1';

/**
 * Starts a pull for batches of two records and four bytes, on a connection that the test controls.
 */
function start(t: ExecutionContext) {
  const requests: number[] = [];
  const requested = { wake: () => {} };
  const stopping = new AbortController();
  let isSubscribed = true;
  let onMessage: (error: Error | null, message: PullMessage) => void = () => {};
  const nc: PullConnection = {
    isClosed: () => false,
    publish: (_subject, body) => {
      const { batch }: { batch: number } = JSON.parse(String(body));
      requests.push(batch);
      requested.wake();
    },
    subscribe: (_inbox, { callback }) => {
      onMessage = callback;
      return {
        unsubscribe: () => {
          isSubscribed = false;
        },
      };
    },
  };
  const pull = startPull({
    nc,
    requestSubject: 'request',
    group: 'group',
    inbox: INBOX,
    maxRecords: 2,
    maxBytes: 4,
    signal: stopping.signal,
  });
  t.teardown(() => pull[Symbol.dispose]());
  return {
    pull,
    requests,
    stopping,
    isSubscribed: () => isSubscribed,
    nextRequest: () =>
      new Promise<void>((resolve) => {
        requested.wake = resolve;
      }),
    deliver: (number: number, text = 'x') =>
      onMessage(null, {
        subject: 'zameni.account.1',
        reply: `$JS.ACK.stream.consumer.1.${number + 100}.${number}.0.0`,
        data: Buffer.from(text),
      }),
    send: (code: number, pending?: number) => {
      const status = headers(code, 'status');
      if (pending !== undefined) status.set('Nats-Pending-Messages', `${pending}`);
      onMessage(null, { subject: INBOX, data: Buffer.alloc(0), headers: status });
    },
    refuse: () => onMessage(new Error('permissions'), { subject: INBOX, data: Buffer.alloc(0) }),
  };
}

test('buffers at most twice the records of a batch, and requests a batch or more', async (t) => {
  const { pull, requests, deliver } = start(t);
  for (let number = 1; number <= 4; number += 1) deliver(number);
  t.deepEqual(requests, [4]);
  const first = await pull.next();
  t.deepEqual(
    first.map(({ position }) => position),
    [101, 102],
  );
  t.deepEqual(requests, [4, 2]);
  await pull.next();
  t.deepEqual(requests, [4, 2, 2]);
});

test('a batch is bounded in bytes but never empty', async (t) => {
  const { pull, deliver } = start(t);
  deliver(1, 'xxxxxxxx');
  deliver(2);
  t.is((await pull.next()).length, 1);
  t.is((await pull.next()).length, 1);
});

test.serial('silence fails the pull, but only while records are requested', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const { pull, deliver } = start(t);
  for (let number = 1; number <= 4; number += 1) deliver(number);
  mock.timers.tick(10_000);
  await setImmediate();
  t.is((await pull.next()).length, 2);
  mock.timers.tick(1_500);
  await setImmediate();
  await t.throwsAsync(pull.next(), { message: 'the log went silent' });
});

test.serial('a record that waited while the process was busy is no silence', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const { pull, deliver } = start(t);
  mock.timers.tick(1_500);
  deliver(1);
  await setImmediate();
  t.is((await pull.next()).length, 1);
});

test('waits for the first record', async (t) => {
  const { pull, deliver } = start(t);
  const next = pull.next();
  deliver(1);
  t.is((await next).length, 1);
});

test('fails at a gap, also while records are buffered', async (t) => {
  const { pull, deliver } = start(t);
  deliver(1);
  deliver(3);
  await t.throwsAsync(pull.next(), { instanceOf: LogReadError, message: 'a delivery is missing' });
});

test('a consumer that is not known yet gets the request again', async (t) => {
  const { pull, requests, nextRequest, deliver, send } = start(t);
  send(503);
  await nextRequest();
  t.deepEqual(requests, [4, 4]);
  deliver(1);
  t.is((await pull.next()).length, 1);
});

test('an answer of an older consumer of the name gets the request again', async (t) => {
  const { pull, requests, nextRequest, send, deliver } = start(t);
  const requested = nextRequest();
  send(400);
  await requested;
  t.deepEqual(requests, [4, 4]);
  deliver(1);
  t.is((await pull.next()).length, 1);
  send(400);
  await t.throwsAsync(pull.next(), { message: 'the consumer ended with status 400' });
});

test('a consumer that is lost after a record fails the pull', async (t) => {
  const { pull, deliver, send } = start(t);
  deliver(1);
  send(503);
  await t.throwsAsync(pull.next(), { instanceOf: LogReadError });
});

test('an ended request is followed by another for the records that it still owed', (t) => {
  const { requests, deliver, send } = start(t);
  deliver(1);
  send(408, 3);
  t.deepEqual(requests, [4, 3]);
  send(404);
  t.deepEqual(requests, [4, 3, 3]);
});

test('a heartbeat changes nothing', (t) => {
  const { requests, send } = start(t);
  send(100);
  t.deepEqual(requests, [4]);
});

test('a refused reply or an unexpected status fails a waiting reader', async (t) => {
  const refused = start(t);
  const waiting = refused.pull.next();
  refused.refuse();
  await t.throwsAsync(waiting, { instanceOf: LogReadError });
  const deleted = start(t);
  deleted.send(409);
  await t.throwsAsync(deleted.pull.next(), { message: 'the consumer ended with status 409' });
});

test('an abort ends the wait without records, and disposing ends the subscription', async (t) => {
  const { pull, stopping, isSubscribed } = start(t);
  const next = pull.next();
  stopping.abort();
  t.deepEqual(await next, []);
  t.true(isSubscribed());
  pull[Symbol.dispose]();
  t.false(isSubscribed());
});
