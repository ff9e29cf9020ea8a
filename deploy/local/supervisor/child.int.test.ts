import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { MAX_LOG_BYTES, previousLog } from '../output/log-rotation.ts';
import { startChild } from './child.ts';

const LOOK_DEADLINE_MS = 20_000;

test('a log that the program writes itself is bounded too', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-child-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const own = join(folder, 'service.security.log');
  writeFileSync(own, 'a line\n');
  truncateSync(own, MAX_LOG_BYTES + 1);
  const child = startChild(
    {
      name: 'sleeper',
      command: ['sleep', '60'],
      env: {},
      deathSignal: 'KILL',
      stop: { signal: 'SIGTERM', deadlineMs: 1_000 },
      ownLogs: [own],
    },
    { logFile: join(folder, 'service.log') },
  );
  t.teardown(child.kill);
  await waitUntil(() => statSync(own).size === 0, LOOK_DEADLINE_MS);
  t.is(statSync(previousLog(own)).size, MAX_LOG_BYTES + 1);
  t.false((await child.stop()).isForced);
});
