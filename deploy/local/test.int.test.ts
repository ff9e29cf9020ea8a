import { execFile } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { readTestStack } from '@zameni/runtime/testing';

test('a run that cannot start reports why and ends with its count', async (t) => {
  // The stack of these tests holds the lock of the profile.
  await readTestStack();
  const program = join(import.meta.dirname, 'test.ts');
  const { code, output } = await run([program, 'deploy/local/none.int.test.ts']);
  t.is(code, 1);
  t.regex(output, /A stack of the profile test is running already/);
  t.regex(output, /\n0 passed, 1 failed\n$/);
});

async function run(args: readonly string[]): Promise<{ code: unknown; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: unknown; output: string }>();
  execFile(process.execPath, [...args], { timeout: 30_000 }, (fault, output) => {
    resolve({ code: fault?.code ?? 0, output });
  });
  return promise;
}
