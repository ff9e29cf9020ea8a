import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import test from 'ava';

/** More than the 512 connections that Linux queues for the backlog that Node asks for. */
const CROWD = 700;

test('a crowd that arrives while a service is busy is connected at once', async (t) => {
  t.timeout(20_000);
  const gate = new SharedArrayBuffer(4);
  const worker = new Worker(new URL('./backlog.fixture.ts', import.meta.url), { workerData: gate });
  const [{ port }] = await once(worker, 'message');
  const sockets: Socket[] = Array.from({ length: CROWD }, () => connect(port, '127.0.0.1'));
  try {
    // The service is not woken before, so a connection that is refused a place never succeeds.
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    t.pass();
  } finally {
    for (const socket of sockets) socket.destroy();
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
    await worker.terminate();
  }
});
