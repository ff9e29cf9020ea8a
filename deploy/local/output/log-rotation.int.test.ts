import {
  appendFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { readTail } from './log-file.ts';
import { previousLog, rotateWhileRunning } from './log-rotation.ts';
import { createLogSink } from './log-sink.ts';

function createPath(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-rotation-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, 'service.log');
}

test('the log of a service becomes the previous one while it is written, and no line is lost', async (t) => {
  const path = createPath(t);
  const faults: string[] = [];
  const onFault = (message: string) => void faults.push(message);
  const sink = createLogSink({ fd: openSync(path, 'a'), path, onFault, maxBytes: 1_000 });
  const line = (n: number) => `line ${String(n).padStart(4, '0')}`;
  for (let n = 0; n < 150; n += 1) sink.write(line(n));
  await sink.end();
  const [previous, current] = [previousLog(path), path].map((file) => readFileSync(file, 'utf8'));
  t.is(`${previous}${current}`, Array.from({ length: 150 }, (_, n) => `${line(n)}\n`).join(''));
  t.true((previous?.length ?? 0) <= 1_000 + line(0).length + 1);
  t.deepEqual(faults, []);
});

test('a log grows no further than twice its bound', async (t) => {
  const path = createPath(t);
  const sink = createLogSink({ fd: openSync(path, 'a'), path, onFault: t.log, maxBytes: 1_000 });
  for (let n = 0; n < 2_000; n += 1) sink.write('a line of some length');
  await sink.end();
  t.true(statSync(path).size <= 1_100);
  t.true(statSync(previousLog(path)).size <= 1_100);
});

test('the log of a server that writes itself is emptied, and the server goes on', async (t) => {
  const path = createPath(t);
  const fd = openSync(path, 'a');
  using _rotation = rotateWhileRunning({ path, maxBytes: 1_000, lookMs: 10 });
  writeSync(fd, 'old\n'.repeat(500));
  await waitUntil(() => statSync(path).size === 0);
  t.is(readFileSync(previousLog(path), 'utf8'), 'old\n'.repeat(500));
  writeSync(fd, 'new\n');
  t.is(readFileSync(path, 'utf8'), 'new\n');
});

test('the last lines are found after a rotation, although the run began further on', async (t) => {
  const path = createPath(t);
  appendFileSync(path, 'one\ntwo\n');
  t.deepEqual(await readTail(path, 5, 1_000_000), ['one', 'two']);
});
