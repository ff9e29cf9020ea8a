import { randomBytes } from 'node:crypto';
import { PositionToken } from '@zameni/contracts';
import test from 'ava';
import { createValidator } from '../http/validation.ts';
import { createPositions } from './positions.ts';
import type { KeyRing } from './key-ring.ts';

const ring: KeyRing = { current: '1', keys: new Map([['1', randomBytes(32)]]) };

test('a token opens to its position', (t) => {
  const positions = createPositions(ring);
  for (const position of [0, 1, 255, 4_294_967_296, Number.MAX_SAFE_INTEGER]) {
    const token = positions.seal(position);
    t.is(positions.open(token), position);
    t.is(createValidator(PositionToken)(token), undefined);
  }
});

test('tokens of neighbouring positions share only their form', (t) => {
  const positions = createPositions(ring);
  const [a, b] = [positions.seal(1), positions.seal(2)];
  t.false(
    Array.from(a)
      .slice(2)
      .every((character, index) => character === b[index + 2]),
  );
  t.is(positions.seal(1), a);
});

test('a token of an older key still opens', (t) => {
  const token = createPositions(ring).seal(42);
  const newer: KeyRing = { current: '2', keys: new Map([...ring.keys, ['2', randomBytes(32)]]) };
  t.is(createPositions(newer).open(token), 42);
});

test('a token that another key sealed does not open', (t) => {
  const positions = createPositions(ring);
  const token = positions.seal(42);
  const last = token.at(-1) === 'A' ? 'Q' : 'A';
  for (const forged of ['', 'x', token.slice(1), `${token}A`, `${token.slice(0, -1)}${last}`]) {
    t.is(positions.open(forged), undefined);
  }
  const other: KeyRing = { current: '1', keys: new Map([['1', randomBytes(32)]]) };
  t.is(createPositions(other).open(token), undefined);
});

test('a token of another incarnation does not open, and is known as one', (t) => {
  let incarnation = 7;
  const positions = createPositions(ring, () => incarnation);
  const token = positions.seal(42);
  t.is(positions.open(token), 42);
  t.false(positions.isOfOtherIncarnation(token));
  incarnation = 8;
  t.is(positions.open(token), undefined);
  t.true(positions.isOfOtherIncarnation(token));
  t.false(positions.isOfOtherIncarnation(`${token}A`));
  t.is(positions.open(positions.seal(42)), 42);
});

test('an incarnation that one side does not know is not compared', (t) => {
  const known = createPositions(ring, () => 7);
  const unknown = createPositions(ring);
  t.is(known.open(unknown.seal(42)), 42);
  t.is(unknown.open(known.seal(42)), 42);
});
