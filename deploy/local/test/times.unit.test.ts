import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { addTestTime, describeSlowest } from './times.ts';

test('describes the twenty slowest files, the slowest first', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-times-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'times');
  t.deepEqual(describeSlowest(path), []);
  for (let n = 1; n <= 22; n += 1) {
    addTestTime(path, { file: `${n}.test.ts`, ms: n * 1_050, cpuMs: n * 100 });
  }
  const lines = describeSlowest(path);
  t.is(lines.length, 20);
  t.is(lines[0], '  23.1 s, CPU    2.2 s  22.test.ts');
  t.is(lines[19], '   3.1 s, CPU    0.3 s  3.test.ts');
});
