import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { addTestTime, describeSlowest } from './times.ts';

test('describes the ten slowest files, the slowest first', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-times-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'times');
  t.deepEqual(describeSlowest(path), []);
  for (let n = 1; n <= 12; n += 1) addTestTime(path, { file: `${n}.test.ts`, ms: n * 1_050 });
  const lines = describeSlowest(path);
  t.is(lines.length, 10);
  t.is(lines[0], '    12.6 s  12.test.ts');
  t.is(lines[9], '     3.1 s  3.test.ts');
});
