import test from 'ava';
import { measureCpuMs } from '../../testing/cpu-time.ts';
import { parsePreferWait } from './prefer-wait.ts';

const reads = test.macro({
  exec: (t, header: string | undefined, seconds: number | undefined) => {
    t.is(parsePreferWait(header), seconds);
  },
  title: (_, ...[header, seconds]: readonly [string | undefined, number | undefined]) =>
    `reads ${header ?? 'no header'} as ${seconds ?? 'nothing'}`,
});

test(reads, undefined, undefined);
test(reads, '', undefined);
test(reads, 'wait=0', 0);
test(reads, 'wait=5', 5);
test(reads, 'WAIT=5', 5);
test(reads, 'wait="5"', 5);
test(reads, 'wait = 5', 5);
test(reads, 'wait=31', 30);
test(reads, 'wait=999999', 30);
test(reads, 'respond-async, wait=10', 10);
test(reads, 'respond-async; foo="a,b;wait=9"; bar, wait=10;x=y', 10);
test(reads, 'wait=3, wait=9', 3);
test(reads, 'foo; wait=9', undefined);
test(reads, 'foo="wait=9"', undefined);
test(reads, ', ,wait=4,', 4);
test(reads, 'wait', undefined);
test(reads, 'wait=', undefined);
test(reads, 'wait=-1', undefined);
test(reads, 'wait=1.5', undefined);
test(reads, 'wait=5s', undefined);
test(reads, 'wait=5 6', undefined);
test(reads, 'foo="open, wait=5', undefined);

test('reads long headers that are wrong in linear time', (t) => {
  const ms = measureCpuMs(() => {
    for (const piece of ['a;', ';   ', ',   ', '   ', 'wait=', '"', '\\']) {
      t.is(parsePreferWait(`${piece.repeat(5_000)}"`), undefined);
      t.is(parsePreferWait(`wait${piece.repeat(5_000)}x`), undefined);
    }
  });
  t.true(ms < 500, `${ms} ms`);
});
