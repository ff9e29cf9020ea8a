import { type KeyRing, toActorId, toKeyRingSource } from '@zameni/runtime';
import test from 'ava';
import { createActorDigest, createClientDigest } from './digests.ts';

const key = (byte: number) => [String(byte), Buffer.alloc(32, byte)] as const;
const ringOf = (byte: number): KeyRing => ({ current: String(byte), keys: new Map([key(byte)]) });
const caller = { subject: 'vera@example.org', issuer: 'https://id.example' };

test('a caller is named by a digest that the current key decides', (t) => {
  const digestOf = (byte: number) => createActorDigest(toKeyRingSource(ringOf(byte)));
  const first = toActorId(digestOf(1), caller);
  // The same in every version, so that lines from before and after a deployment name one caller.
  t.is(first, 'SAbQaXnzgfQoqicWyDYo9mAenmwtBYwQzBqQxWW20Is');
  t.is(toActorId(digestOf(1), caller), first);
  t.not(toActorId(digestOf(2), caller), first);
  t.not(toActorId(digestOf(1), { ...caller, issuer: 'x' }), first);
});

test('a rotated key counts at once', (t) => {
  let ring = ringOf(1);
  const digest = createActorDigest({ current: () => ring });
  const first = toActorId(digest, caller);
  ring = ringOf(2);
  t.not(toActorId(digest, caller), first);
});

test('a person is named by their id', (t) => {
  const subject = '01980000-0000-7000-8000-000000000001';
  const digest = createActorDigest(toKeyRingSource(ringOf(1)));
  t.is(toActorId(digest, { ...caller, subject }), subject);
});

test('a client is counted under the same digest after a rotation', (t) => {
  const rotated: KeyRing = { current: '2', keys: new Map([key(1), key(2)]) };
  const first = createClientDigest(ringOf(1))('192.0.2.1');
  t.is(createClientDigest(rotated)('192.0.2.1'), first);
  t.not(createClientDigest(ringOf(1))('192.0.2.2'), first);
});
