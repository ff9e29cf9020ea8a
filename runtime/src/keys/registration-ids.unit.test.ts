import { randomBytes, randomUUID } from 'node:crypto';
import { parseUserId, type UserId } from '@zameni/contracts';
import test from 'ava';
import type { KeyRing } from './key-ring.ts';
import { createRegistrationIds } from './registration-ids.ts';

const older = randomBytes(32);
const newer = randomBytes(32);
const ringOf = (current: string, keys: Record<string, Buffer>): KeyRing => ({
  current,
  keys: new Map(Object.entries(keys)),
});
const first = createRegistrationIds(ringOf('1', { 1: older }));
const rotated = createRegistrationIds(ringOf('2-aa', { '2-aa': newer, 1: older }));
// A UUID is a user id.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const anyId = () => randomUUID() as UserId;

test('an id keeps its version and variant, and differs from every other', (t) => {
  const ids = Array.from({ length: 20_000 }, () => first.fromRandom(anyId()));
  t.is(new Set(ids).size, ids.length);
  for (const id of ids.slice(0, 100)) {
    t.is(parseUserId(id), id);
    t.is(id.charAt(14), '4');
    t.true(first.isOurs(id));
  }
});

test('an id of a digest keeps its version and variant, and is the same each time', (t) => {
  // A UUID is a user id.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const digest = '0198a1b2-3c4d-8e5f-8a6b-7c8d9e0f1a2b' as UserId;
  const id = first.fromDigest(digest);
  t.is(id.slice(0, 28), digest.slice(0, 28));
  t.is(parseUserId(id), id);
  t.true(first.isOurs(id));
  t.is(rotated.fromDigest(digest), id, 'also after a rotation');
});

test('an id that somebody made up is not ours', (t) => {
  const found = Array.from({ length: 20_000 }, anyId).filter((id) => first.isOurs(id));
  t.deepEqual(found, []);
});

test('an id is not ours after a change of any digit', (t) => {
  const id = first.fromRandom(anyId());
  for (let at = 0; at < id.length; at += 1) {
    if (id.charAt(at) === '-') continue;
    const digit = (Number.parseInt(id.charAt(at), 16) ^ 1).toString(16);
    // Only the form matters here.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    t.false(first.isOurs(`${id.slice(0, at)}${digit}${id.slice(at + 1)}` as UserId));
  }
});

test('after a rotation older ids stay ours, and new ones have the new key', (t) => {
  const before = first.fromRandom(anyId());
  const after = rotated.fromRandom(anyId());
  t.true(rotated.isOurs(before));
  t.true(rotated.isOurs(after));
  t.false(first.isOurs(after));
  t.false(createRegistrationIds(ringOf('1', { 1: newer })).isOurs(before));
});
