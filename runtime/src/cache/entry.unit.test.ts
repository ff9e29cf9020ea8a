import test from 'ava';
import { decodeEntry, encodeEntry } from './entry.ts';

test('a view and both tombstones survive encoding', (t) => {
  for (const view of [{ version: 3, body: '{"n":3}' }, 'absent', 'erased'] as const) {
    t.deepEqual(decodeEntry(...encodeEntry(view)), view);
  }
});

test('an unknown tombstone is not an answer', (t) => {
  t.is(decodeEntry(0, 'hidden'), undefined);
});
