import type { Socket } from 'node:net';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { startMisbehavingServer } from './misbehaving-server.fixture.ts';
import { createTestSender, mailTo, SHORT_MS } from './sender.fixture.ts';

const accepted = { outcome: 'accepted', response: '250 2.0.0' };
const deferred = (reason: string) => ({ outcome: 'deferred', reason });

test('mails follow one another over one connection', async (t) => {
  const server = await startMisbehavingServer(t);
  const sender = createTestSender(t, { port: server.port });
  for (let n = 0; n < 5; n += 1) t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  t.is(server.connections.total, 1);
  t.is(server.dots(), 5);
});

test('a connection outlives a refused mail', async (t) => {
  const server = await startMisbehavingServer(t, {
    RCPT: (socket, line) =>
      socket.write(line.includes('nobody') ? '550 5.1.1 no\r\n' : '250 2.1.5 ok\r\n'),
  });
  const sender = createTestSender(t, { port: server.port });
  const reason = { outcome: 'refused', reason: 'rcpt 550 5.1.1' };
  t.deepEqual(await sender.send(mailTo('nobody@example.org')), reason);
  t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  t.is(server.connections.total, 1);
  t.true(server.commands.includes('RSET'));
});

test('a connection ends after its number of mails', async (t) => {
  const server = await startMisbehavingServer(t);
  const sender = createTestSender(t, { port: server.port, maxMessagesPerConnection: 2 });
  for (let n = 0; n < 5; n += 1) t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  t.is(server.connections.total, 3);
  t.is(server.commands.filter((command) => command === 'QUIT').length, 2);
});

test('an unused connection is closed', async (t) => {
  const server = await startMisbehavingServer(t);
  const sender = createTestSender(t, { port: server.port, idleMs: 10 });
  t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  await waitUntil(() => server.connections.open === 0);
  t.is(server.commands.at(-1), 'QUIT');
});

/** A kept connection that has ended is no fault of the next mail. */
const replaces = test.macro(async (t, end: (socket: Socket) => void) => {
  const sockets: Socket[] = [];
  const server = await startMisbehavingServer(t, {
    greeting: (socket) => {
      sockets.push(socket);
      socket.write('220 test\r\n');
    },
  });
  const sender = createTestSender(t, { port: server.port });
  t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  const [first] = sockets;
  if (first !== undefined) end(first);
  // Whether the sender knows of it already or finds out by MAIL.
  t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  t.is(server.connections.total, 2);
});
test('dropped while unused', replaces, (socket) => socket.destroy());
test('closed while unused', replaces, (socket) => void socket.end());
test('ended with 421 while unused', replaces, (socket) => void socket.end('421 idle\r\n'));

for (const act of ['drop', '421 4.3.2 enough'] as const) {
  test(`a kept connection that ends at MAIL is replaced once: ${act}`, async (t) => {
    const server = await startMisbehavingServer(t);
    const sender = createTestSender(t, { port: server.port });
    t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
    server.change({ MAIL: act });
    const reason = act === 'drop' ? 'envelope-lost' : 'mail 421 4.3.2';
    t.deepEqual(await sender.send(mailTo('a@example.org')), deferred(reason));
    t.is(server.connections.total, 2);
    server.change({});
    t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  });
}

test('a mail that may have been taken is not sent again here', async (t) => {
  const server = await startMisbehavingServer(t);
  const sender = createTestSender(t, { port: server.port });
  t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  server.change({ final: 'drop' });
  t.deepEqual(await sender.send(mailTo('a@example.org')), {
    outcome: 'unknown',
    reason: 'final-lost',
  });
  t.is(server.dots(), 2);
});

test('accepted twice is accepted once, and the next mail is not taken for it', async (t) => {
  const server = await startMisbehavingServer(t, { final: '250 2.0.0 ok\r\n250 2.0.0 ok' });
  const sender = createTestSender(t, { port: server.port });
  for (let n = 0; n < 5; n += 1) t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  t.is(server.dots(), 5);
});

test('a late second reply is never taken for one to the next mail', async (t) => {
  const server = await startMisbehavingServer(t, {
    final: '250 2.0.0 ok',
    MAIL: '250 late\r\n250 2.1.0 ok',
  });
  const sender = createTestSender(t, { port: server.port });
  t.deepEqual(await sender.send(mailTo('a@example.org')), deferred('data-protocol'));
  t.is(server.dots(), 0);
});

test('mails go side by side, within bounds', async (t) => {
  const server = await startMisbehavingServer(t);
  const sender = createTestSender(t, { port: server.port, maxConnections: 3 });
  const mails = Array.from({ length: 20 }, (_, n) => sender.send(mailTo(`a${n}@example.org`)));
  for (const outcome of await Promise.all(mails)) t.deepEqual(outcome, accepted);
  t.is(server.connections.most, 3);
  t.is(server.connections.total, 3);
});

test('a fault of one connection concerns the mail on it only', async (t) => {
  const server = await startMisbehavingServer(t, {
    RCPT: (socket, line) => {
      if (line.includes('bad')) socket.destroy();
      else socket.write('250 2.1.5 ok\r\n');
    },
  });
  const sender = createTestSender(t, { port: server.port });
  const mails = Array.from({ length: 20 }, (_, n) =>
    sender.send(mailTo(n % 5 === 0 ? `bad${n}@example.org` : `a${n}@example.org`)),
  );
  const outcomes = await Promise.all(mails);
  for (const [n, outcome] of outcomes.entries()) {
    t.deepEqual<unknown, unknown>(outcome, n % 5 === 0 ? deferred('envelope-lost') : accepted);
  }
});

test('a slow mail holds its connection only', async (t) => {
  const server = await startMisbehavingServer(t, {
    RCPT: (socket, line) => void (line.includes('slow') || socket.write('250 2.1.5 ok\r\n')),
  });
  const sender = createTestSender(t, { port: server.port, maxConnections: 2, drainMs: 0 });
  const slow = sender.send(mailTo('slow@example.org'));
  for (let n = 0; n < 5; n += 1) t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  await sender.close();
  t.is((await slow).outcome, 'deferred');
});

test('mails that are slow let as many others pass', async (t) => {
  const server = await startMisbehavingServer(t, {
    RCPT: (socket, line) => void (line.includes('slow') || socket.write('250 2.1.5 ok\r\n')),
  });
  const bounds = { maxConnections: 2, slowMs: SHORT_MS, maxSlow: 2, drainMs: 0 };
  const sender = createTestSender(t, { port: server.port, ...bounds });
  const slow = [1, 2].map((n) => sender.send(mailTo(`slow${n}@example.org`)));
  t.deepEqual(await sender.send(mailTo('a@example.org')), accepted);
  t.is(server.connections.most, 3);
  const more = [3, 4].map((n) => sender.send(mailTo(`slow${n}@example.org`)));
  const late = sender.send(mailTo('b@example.org'));
  await sender.close();
  for (const outcome of await Promise.all([...slow, ...more, late])) {
    t.is(outcome.outcome, 'deferred');
  }
});

test('a mail is asked about when it has its turn, and not sent without a yes', async (t) => {
  const server = await startMisbehavingServer(t);
  const sender = createTestSender(t, { port: server.port, maxConnections: 1 });
  let asked = 0;
  const answer = (isOurs: boolean) => async () => {
    asked += 1;
    return isOurs;
  };
  t.deepEqual(await sender.send(mailTo('a@example.org'), answer(false)), deferred('not-begun'));
  t.is(server.connections.total, 0);
  t.deepEqual(await sender.send(mailTo('b@example.org'), answer(true)), accepted);
  t.is(asked, 2);
});

test('more mails than may wait are deferred at once', async (t) => {
  const server = await startMisbehavingServer(t, { RCPT: 'stall' });
  const bounds = { maxConnections: 1, maxWaiting: 1, drainMs: 0 };
  const sender = createTestSender(t, { port: server.port, ...bounds });
  const first = sender.send(mailTo('a@example.org'));
  const second = sender.send(mailTo('b@example.org'));
  t.deepEqual(await sender.send(mailTo('c@example.org')), deferred('busy'));
  await sender.close();
  t.deepEqual(await second, deferred('closed'));
  t.is((await first).outcome, 'deferred');
});

test('a mail does not wait longer than it may take', async (t) => {
  const server = await startMisbehavingServer(t, { RCPT: 'stall' });
  const bounds = { maxConnections: 1, messageMs: SHORT_MS };
  const sender = createTestSender(t, { port: server.port, ...bounds });
  const mails = [sender.send(mailTo('a@example.org')), sender.send(mailTo('b@example.org'))];
  for (const outcome of await Promise.all(mails)) t.is(outcome.outcome, 'deferred');
});

test('close finishes what is under way, then nothing begins', async (t) => {
  let finish = () => {};
  const server = await startMisbehavingServer(t, {
    final: (socket) => {
      finish = () => void socket.write('250 2.0.0 ok\r\n');
    },
  });
  const sender = createTestSender(t, { port: server.port });
  const mail = sender.send(mailTo('a@example.org'));
  await waitUntil(() => server.dots() === 1);
  const closed = sender.close();
  t.deepEqual(await sender.send(mailTo('b@example.org')), deferred('closed'));
  finish();
  t.deepEqual(await mail, accepted);
  await closed;
  await sender.close();
  await waitUntil(() => server.connections.open === 0);
  t.is(server.connections.total, 1);
});

test('a mail that was handed over just before close is sent', async (t) => {
  const server = await startMisbehavingServer(t);
  const sender = createTestSender(t, { port: server.port });
  const mail = sender.send(mailTo('a@example.org'));
  await sender[Symbol.asyncDispose]();
  t.deepEqual(await mail, accepted);
});

test('close waits for a bounded time, and says which mail may have been taken', async (t) => {
  const server = await startMisbehavingServer(t, {
    RCPT: (socket, line) => void (line.includes('early') || socket.write('250 2.1.5 ok\r\n')),
    final: 'stall',
  });
  const sender = createTestSender(t, { port: server.port, drainMs: 20 });
  const early = sender.send(mailTo('early@example.org'));
  const late = sender.send(mailTo('late@example.org'));
  await waitUntil(() => server.dots() === 1);
  await waitUntil(() => server.commands.some((line) => line.startsWith('RCPT TO:<early')));
  await sender.close();
  t.deepEqual(await early, deferred('envelope-closed'));
  t.deepEqual(await late, { outcome: 'unknown', reason: 'final-closed' });
  await waitUntil(() => server.connections.open === 0);
});
