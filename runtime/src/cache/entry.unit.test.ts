import test from 'ava';
import { decodeEntry, encodeEntry } from './entry.ts';

test('content, `absent`, `erased` and `parked` survive encoding', (t) => {
  for (const view of [{ version: 3, body: '{"n":3}' }, 'absent', 'erased', 'parked'] as const) {
    t.deepEqual(decodeEntry(...encodeEntry(view)), view);
  }
});

test('an entry without content for an unknown reason is not an answer', (t) => {
  t.is(decodeEntry(0, 'hidden'), undefined);
});
