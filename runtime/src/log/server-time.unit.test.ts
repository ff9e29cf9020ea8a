import test from 'ava';
import { toNanoseconds } from './server-time.ts';

const cases: readonly (readonly [string, string])[] = [
  ['2026-03-04T05:06:07.089123456Z', '1772600767089123456'],
  ['2026-03-04T05:06:07.08Z', '1772600767080000000'],
  ['2026-03-04T05:06:07Z', '1772600767000000000'],
];

for (const [time, nanoseconds] of cases) {
  test(`reads ${time} to the nanosecond`, (t) => {
    t.is(toNanoseconds(time), nanoseconds);
  });
}

test('a time of another form is a fault', (t) => {
  for (const time of ['', '2026-03-04', '2026-03-04T05:06:07+01:00']) {
    t.throws(() => toNanoseconds(time));
  }
});
