import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { findServer, isFound } from './find-servers.ts';
import { missingServersError } from './missing-servers.ts';
import { SERVER_CATALOG, type ServerEntry } from './server-catalog.ts';

const entry: ServerEntry = {
  ...SERVER_CATALOG.redis,
  program: 'zameni-test-server',
  minimumVersion: '6.2',
  folders: [],
};

test('finds a server that is new enough in a folder of Zameni', async (t) => {
  const folder = await folderWith(t, 'Test server v=7.0.15');
  const result = await findServer('redis', [folder], entry);
  t.true(isFound(result) && result.version === '7.0.15');
});

test('rejects a server that is too old and names it', async (t) => {
  const folder = await folderWith(t, 'Test server v=6.0.16');
  const result = await findServer('redis', [folder], entry);
  if (isFound(result)) return t.fail();
  t.deepEqual(result.rejected, [`${join(folder, entry.program)} is 6.0.16`]);
});

test('rejects a server without its companion tools', async (t) => {
  const folder = await folderWith(t, '15.18');
  const result = await findServer('postgres', [folder], { ...entry, companions: ['initdb'] });
  if (isFound(result)) return t.fail();
  t.regex(result.rejected.join(), /lacks initdb/);
});

test('a missing server is named with the commands of apt and brew', async (t) => {
  const result = await findServer('redis', [], entry);
  if (isFound(result)) return t.fail();
  const { message } = missingServersError([result], 'this is not a Debian system');
  t.regex(message, /zameni-test-server 6\.2 or newer/);
  t.regex(message, /apt-get install --no-install-recommends redis-server/);
  t.regex(message, /brew install redis/);
});

async function folderWith(t: ExecutionContext, output: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'servers-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const program = join(folder, entry.program);
  await writeFile(program, `#!/bin/sh\necho '${output}'\n`);
  await chmod(program, 0o755);
  return folder;
}
