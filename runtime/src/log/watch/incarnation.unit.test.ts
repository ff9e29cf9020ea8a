import test from 'ava';
import { toIncarnation, toMetadata } from './incarnation.ts';

test('a stream gets an incarnation once, and keeps it and all else', (t) => {
  const first = toMetadata({ other: 'x' });
  const incarnation = toIncarnation(first) ?? 0;
  t.true(incarnation > 0 && incarnation < 2 ** 32);
  t.deepEqual(toMetadata(first), first);
  t.is(first['other'], 'x');
  t.not(toIncarnation(toMetadata({})), incarnation);
});

test('metadata without one, or with another text, names none', (t) => {
  for (const metadata of [undefined, {}, { 'zameni.incarnation': 'xyz' }]) {
    t.is(toIncarnation(metadata), undefined);
  }
});
