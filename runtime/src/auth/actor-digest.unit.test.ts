import test from 'ava';
import type { KeyRing } from '../keys/key-ring.ts';
import { createActorDigest, toActorId } from './actor-id.ts';

const ringOf = (byte: number): KeyRing => ({
  current: String(byte),
  keys: new Map([[String(byte), Buffer.alloc(32, byte)]]),
});
const caller = { subject: 'vera@example.org', issuer: 'https://id.example' };

test('a caller is named by a digest that the current key decides', (t) => {
  const first = toActorId(
    createActorDigest(() => ringOf(1)),
    caller,
  );
  t.regex(first, /^[A-Za-z0-9_-]{43}$/);
  t.is(
    toActorId(
      createActorDigest(() => ringOf(1)),
      caller,
    ),
    first,
  );
  t.not(
    toActorId(
      createActorDigest(() => ringOf(2)),
      caller,
    ),
    first,
  );
  t.not(
    toActorId(
      createActorDigest(() => ringOf(1)),
      { ...caller, issuer: 'x' },
    ),
    first,
  );
});

test('a person is named by their id', (t) => {
  const subject = '01980000-0000-7000-8000-000000000001';
  t.is(
    toActorId(
      createActorDigest(() => ringOf(1)),
      { ...caller, subject },
    ),
    subject,
  );
});
