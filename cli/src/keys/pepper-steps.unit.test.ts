import { CLAIM_PHASE_NAMES, type KeyRingFile } from '@zameni/runtime';
import test from 'ava';
import { toNextPepperStep } from './pepper-steps.ts';

const now = new Date('2026-03-01T00:00:00.000Z');
const start: KeyRingFile = { current: '1', keys: { 1: Buffer.alloc(32, 1).toString('base64') } };

/** Returns the ring after each step of a rotation. */
function rotate(from: KeyRingFile): KeyRingFile[] {
  const steps = [toNextPepperStep(from, now)];
  for (let ring = steps[0]; ring?.phase !== undefined; ) {
    ring = toNextPepperStep(ring, now);
    steps.push(ring);
  }
  return steps;
}

test('adds a pepper, goes through every phase and makes the pepper current', (t) => {
  const steps = rotate(start);
  t.deepEqual(
    steps.map(({ phase }) => phase),
    [...CLAIM_PHASE_NAMES, undefined],
  );
  const [first, last] = [steps[0], steps.at(-1)];
  const { next = '' } = first ?? {};
  for (const { current, keys, layers } of steps.slice(0, -1)) {
    t.is(current, '1');
    t.deepEqual(layers, ['1', next]);
    t.deepEqual(keys, first?.keys, 'there is one new pepper');
  }
  t.deepEqual(last, {
    current: next,
    since: { [next]: now.toISOString() },
    keys: first?.keys ?? {},
    layers: ['1', next],
  });
});

test('derives the layer of a second rotation from the first', (t) => {
  const once = rotate(start).at(-1) ?? start;
  const twice = rotate(once).at(-1) ?? start;
  t.deepEqual(twice.layers, ['1', once.current, twice.current]);
  t.deepEqual(Object.keys(twice.keys), twice.layers);
});
