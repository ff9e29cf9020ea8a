import test from 'ava';
import { addSighting, pastSince, type Sighting } from './head-sightings.ts';

const seen = (...sightings: readonly Sighting[]) =>
  sightings.reduce<readonly Sighting[]>(addSighting, []);

test('says when the log was first seen past a position', (t) => {
  const sightings = seen(
    { head: 5, atMs: 1_000 },
    { head: 5, atMs: 2_000 },
    { head: 9, atMs: 3_000 },
  );
  t.is(pastSince(sightings, 4), 1_000);
  t.is(pastSince(sightings, 5), 3_000);
  t.is(pastSince(sightings, 8), 3_000);
  t.is(pastSince(sightings, 9), undefined);
  t.is(pastSince([], 0), undefined);
});

test('forgets the heads of a log that was replaced', (t) => {
  t.deepEqual(seen({ head: 9, atMs: 1_000 }, { head: 2, atMs: 2_000 }), [{ head: 2, atMs: 2_000 }]);
});

test('keeps few sightings of hours, and is late by a sixteenth of the age at most', (t) => {
  const seconds = 20_000;
  let sightings: readonly Sighting[] = [];
  for (let second = 1; second <= seconds; second += 1) {
    sightings = addSighting(sightings, { head: second, atMs: second * 1_000 });
  }
  t.true(sightings.length < 500, `${sightings.length} sightings`);
  for (let position = 0; position < seconds; position += 1) {
    const trueMs = (position + 1) * 1_000;
    const lateMs = (pastSince(sightings, position) ?? Infinity) - trueMs;
    t.true(lateMs >= 0 && lateMs <= 1_000 + (seconds * 1_000 - trueMs) / 16, `${position}`);
  }
});
