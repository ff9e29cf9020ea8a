import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { startChild } from '../../deploy/local/supervisor/child.ts';
import { untilUp } from './until-up.ts';

test('a program that ends instead is named at once, with what it wrote', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-up-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const logFile = join(folder, 'log');
  const child = startChild(
    {
      name: 'broken',
      command: ['/bin/sh', '-c', 'echo the port is taken; exit 3'],
      env: {},
      deathSignal: 'KILL',
      stop: { signal: 'SIGTERM', deadlineMs: 1_000 },
    },
    { logFile },
  );
  const error = await t.throwsAsync(untilUp(child, { isUp: async () => false, logFile }), {
    message: /^broken does not start.*\nthe port is taken$/,
  });
  t.is(error.cause instanceof Error && error.cause.message, 'it ended with exit code 3');
});
