import { toTraceparent } from '@zameni/runtime/testing';
import test from 'ava';
import { isSampled, toLinks } from './links.ts';

test('a trace that is not recorded, or is no trace, is not linked', (t) => {
  const contexts = [toTraceparent(1, { isSampled: false }), undefined, null, 'x', toTraceparent(2)];
  t.deepEqual(toLinks(contexts), [toTraceparent(2)]);
  t.true(isSampled(`${toTraceparent(1).slice(0, -2)}03`));
  t.false(isSampled(`${toTraceparent(1).slice(0, -2)}02`));
});

test('a trace is linked once, and no more of them than a span may have', (t) => {
  t.deepEqual(toLinks([toTraceparent(1), toTraceparent(2), toTraceparent(1)]).length, 2);
  const many = Array.from({ length: 1_000 }, (_, n) => toTraceparent(n + 1));
  t.deepEqual(toLinks(many), many.slice(0, 128));
});
