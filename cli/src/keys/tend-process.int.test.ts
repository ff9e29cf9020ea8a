import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKeyRingFile } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { livingHolder } from '../../../deploy/local/host/file-lock.ts';
import { keeperLock } from '../../../deploy/local/secrets/attempt-keys.ts';

const zameni = join(import.meta.dirname, '../../bin/zameni.ts');
const DEADLINE_MS = 20_000;

function createPath(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-keeper-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, 'ring.json');
}

/** Starts a keeper of a ring, as a supervisor does. */
function startKeeper(t: ExecutionContext, path: string) {
  const args = [zameni, 'keys', 'tend', '--watch', '--json', '--file', path];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  }
  const ended = once(child, 'close').then(([code]): unknown => code);
  return { child, ended, output: () => output };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`a keeper makes the ring, holds its lock, and ends well on ${signal}`, async (t) => {
    const path = createPath(t);
    const { child, ended, output } = startKeeper(t, path);
    await waitUntil(async () => (await livingHolder(keeperLock(path))) === child.pid, DEADLINE_MS);
    t.is(Object.keys(readKeyRingFile(path).keys).length, 8);
    child.kill(signal);
    t.is(await ended, 0);
    t.is(JSON.parse(output()).made.length, 8);
    t.deepEqual(await readdir(join(path, '..')), ['ring.json']);
  });
}

test('refuses a second keeper of a ring and names the first', async (t) => {
  const path = createPath(t);
  const first = startKeeper(t, path);
  await waitUntil(() => existsSync(keeperLock(path)), DEADLINE_MS);
  const second = startKeeper(t, path);
  t.is(await second.ended, 1);
  t.regex(second.output(), new RegExp(`process ${first.child.pid} keeps this ring already`));
  first.child.kill('SIGTERM');
  t.is(await first.ended, 0);
});
