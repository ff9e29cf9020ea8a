import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { REPOSITORY } from '../profile/names.ts';
import { DISTURBING, EARLY, LONG_FILES, LONG_ONLY, QUIET } from './phases.ts';

// A name that is out of date would let a test that kills servers run among the others.
test('every file that does not share the stack exists', (t) => {
  const files: readonly string[] = [...EARLY, ...DISTURBING, ...QUIET];
  t.deepEqual(
    files.filter((file) => !existsSync(join(REPOSITORY, file))),
    [],
  );
  t.is(new Set(files).size, files.length);
});

test('every file with a long form exists, and those that have no other are in a group', (t) => {
  const lost = LONG_FILES.filter((file) => globSync(file, { cwd: REPOSITORY }).length === 0);
  t.deepEqual(lost, []);
  const groups: readonly string[] = [...EARLY, ...DISTURBING, ...QUIET];
  t.true(LONG_ONLY.every((file) => groups.includes(file)));
});
