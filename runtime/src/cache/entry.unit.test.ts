import test from 'ava';
import { decodeEntry, encodeEntry } from './entry.ts';

test('a view and both tombstones come back as they went in', (t) => {
  for (const view of [{ version: 3, body: '{"n":3}' }, 'absent', 'erased'] as const) {
    t.deepEqual(decodeEntry(...encodeEntry(view)), view);
  }
});

test('a tombstone of a later version of the code is no answer', (t) => {
  t.is(decodeEntry(0, 'hidden'), undefined);
});
