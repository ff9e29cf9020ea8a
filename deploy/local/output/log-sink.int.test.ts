import { mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { createLogSink } from './log-sink.ts';

test('a full disk costs lines and not the process, and they are counted afterwards', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-sink-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'service.log');
  // Every write to it fails as on a full disk.
  symlinkSync('/dev/full', path);
  const faults: string[] = [];
  const sink = createLogSink({
    fd: openSync(path, 'a'),
    path,
    onFault: (message) => void faults.push(message),
  });
  sink.write('lost');
  await delay(50);
  sink.write('lost too');
  t.deepEqual(faults, ['its log cannot be written (ENOSPC), lines are lost']);
  unlinkSync(path);
  await delay(1_000);
  sink.write('kept');
  await delay(50);
  sink.write('and more');
  await sink.end();
  t.is(
    readFileSync(path, 'utf8'),
    'kept\n2 lines before this one could not be written\nand more\n',
  );
});
