import { createSecretKey, randomBytes } from 'node:crypto';
import test from 'ava';
import { createKeyCache } from './key-cache.ts';

const key = createSecretKey(randomBytes(32));

test('keeps no more keys than it may, and drops the one not used for longest', (t) => {
  const keys = createKeyCache(2);
  keys.set('a', key);
  keys.set('b', key);
  t.is(keys.get('a'), key);
  keys.set('c', key);
  t.deepEqual(
    ['a', 'b', 'c'].map((name) => keys.get(name) !== undefined),
    [true, false, true],
  );
  keys.evict('a');
  t.is(keys.get('a'), undefined);
});
