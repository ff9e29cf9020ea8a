import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { addTestTime, TIMES_FILE } from './times.ts';

// AVA loads this file in the process of each test file.
const path = process.env[TIMES_FILE];
const startedAt = performance.now();
if (path !== undefined) {
  process.once('exit', () => {
    const file = relative(process.cwd(), fileURLToPath(test.meta.file));
    const { user, system } = process.cpuUsage();
    const cpuMs = Math.round((user + system) / 1_000);
    addTestTime(path, { file, ms: Math.round(performance.now() - startedAt), cpuMs });
  });
}
