import test from 'ava';
import { Value } from 'typebox/value';
import { tendAttemptKeys } from './attempt-key-days.ts';
import { KeyRingFile } from './key-ring.ts';

const WEEK_SECONDS = 7 * 24 * 60 * 60;
const at = (instant: string) => new Date(instant);
const noon = at('2026-03-10T12:00:00.000Z');

const daysOf = ({ keys }: KeyRingFile) => Object.keys(keys);

test('the first ring has keys for today and the seven days to come', (t) => {
  const ring = tendAttemptKeys(undefined, noon, WEEK_SECONDS);
  t.is(ring.current, '2026-03-10');
  t.deepEqual(
    daysOf(ring),
    [10, 11, 12, 13, 14, 15, 16, 17].map((day) => `2026-03-${day}`),
  );
  t.true(Value.Check(KeyRingFile, ring));
  t.is(new Set(Object.values(ring.keys)).size, 8);
});

test('a day is a UTC day', (t) => {
  const last = tendAttemptKeys(undefined, at('2026-12-31T23:59:59.999Z'), 1);
  t.is(last.current, '2026-12-31');
  t.is(daysOf(last).at(-1), '2027-01-07');
  t.is(tendAttemptKeys(undefined, at('2027-01-01T00:00:00.000Z'), 1).current, '2027-01-01');
});

test('existing keys stay as they are, and so does the ring however often it is tended', (t) => {
  const ring = tendAttemptKeys(undefined, noon, WEEK_SECONDS);
  t.deepEqual(tendAttemptKeys(ring, noon, WEEK_SECONDS), ring);
  const next = tendAttemptKeys(ring, at('2026-03-11T00:00:00.000Z'), WEEK_SECONDS);
  t.is(next.current, '2026-03-11');
  t.like(next.keys, ring.keys);
  t.deepEqual(daysOf(next), [...daysOf(ring), '2026-03-18']);
});

const isKept = test.macro<[string, number, string, boolean]>({
  title: (title, day, lifetime, now, kept) =>
    title ?? `the key of ${day} is ${kept ? 'kept' : 'destroyed'} at ${now} (${lifetime} s)`,
  exec: (t, day, lifetimeSeconds, now, kept) => {
    const ring = tendAttemptKeys(undefined, at(`${day}T06:00:00.000Z`), lifetimeSeconds);
    const tended = tendAttemptKeys(ring, at(now), lifetimeSeconds);
    t.is(tended.keys[day], kept ? ring.keys[day] : undefined);
  },
});
// The last attempt of a day expires one lifetime after the end of the day. Another day covers
// clocks that differ.
test(isKept, '2026-03-10', WEEK_SECONDS, '2026-03-18T23:59:59.999Z', true);
test(isKept, '2026-03-10', WEEK_SECONDS, '2026-03-19T00:00:00.000Z', false);
test(isKept, '2026-03-10', WEEK_SECONDS, '2027-03-19T00:00:00.000Z', false);
test(isKept, '2026-03-10', 1, '2026-03-12T00:00:00.999Z', true);
test(isKept, '2026-03-10', 1, '2026-03-12T00:00:01.000Z', false);
test(isKept, '2026-03-10', 30 * 24 * 60 * 60, '2026-04-10T23:59:59.999Z', true);

test('after a long absence the keeper destroys due keys and makes missing ones', (t) => {
  const ring = tendAttemptKeys(undefined, noon, WEEK_SECONDS);
  const later = tendAttemptKeys(ring, at('2026-03-24T12:00:00.000Z'), WEEK_SECONDS);
  t.is(later.current, '2026-03-24');
  const days = daysOf(later);
  t.deepEqual(days.slice(0, 3), ['2026-03-16', '2026-03-17', '2026-03-24']);
  t.is(days.length, 10);
});

test('the ring passed in stays as it is', (t) => {
  const ring = tendAttemptKeys(undefined, noon, WEEK_SECONDS);
  const before = structuredClone(ring);
  tendAttemptKeys(ring, at('2027-01-01T00:00:00.000Z'), WEEK_SECONDS);
  t.deepEqual(ring, before);
});
