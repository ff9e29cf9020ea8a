import { createSecretKey, randomBytes } from 'node:crypto';
import test from 'ava';
import { createKeyCache } from './key-cache.ts';

const key = createSecretKey(randomBytes(32));

test('keeps a bounded number of keys and drops those not used for longest', (t) => {
  const keys = createKeyCache(4);
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
