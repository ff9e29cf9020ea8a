import test from 'ava';
import type { KeyRing } from '../keys/key-ring.ts';
import { createActorDigest } from './actor-digest.ts';
import { toActorId } from './actor-id.ts';

const ringOf = (byte: number): KeyRing => ({
  current: String(byte),
  keys: new Map([[String(byte), Buffer.alloc(32, byte)]]),
});
const caller = { subject: 'vera@example.org', issuer: 'https://id.example' };

const idOf = (byte: number, named: Partial<typeof caller> = {}) =>
  toActorId(createActorDigest({ current: () => ringOf(byte) }), { ...caller, ...named });

test('a caller is named by a digest that the current key decides', (t) => {
  // The same in every version, so that lines from before and after a deployment name one caller.
  t.is(idOf(1), 'SAbQaXnzgfQoqicWyDYo9mAenmwtBYwQzBqQxWW20Is');
  t.not(idOf(2), idOf(1));
  t.not(idOf(1, { issuer: 'x' }), idOf(1));
});

test('another current key decides without a restart', (t) => {
  let held = ringOf(1);
  const digest = createActorDigest({ current: () => held });
  t.is(toActorId(digest, caller), idOf(1));
  held = ringOf(2);
  t.is(toActorId(digest, caller), idOf(2));
});

test('a person is named by their id', (t) => {
  const subject = '01980000-0000-7000-8000-000000000001';
  t.is(idOf(1, { subject }), subject);
});
