import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseJson } from './secret-file.ts';

test('a ring whose bytes are overwritten while it is read is read again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-secret-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  // Each opening of a pipe is another file to its reader, as before and after a replacement.
  const pipe = join(folder, 'ring.json');
  execFileSync('mkfifo', [pipe]);
  const script = `printf '\\0\\0\\0\\0' > "${pipe}"; sleep 0.2; printf '{"current":"2"}' > "${pipe}"`;
  const writer = spawn('sh', ['-c', script]);
  const ended = once(writer, 'close');
  t.deepEqual(parseJson(pipe), { current: '2' });
  await ended;
});
