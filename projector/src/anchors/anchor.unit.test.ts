import { subjects } from '@zameni/contracts';
import type { TimedRecord } from '@zameni/runtime';
import test from 'ava';
import { addAnchors, type Anchor } from './anchor.ts';

function recordAt(position: number, subject: string): TimedRecord {
  return { subject, position, time: `${position}0`, data: Buffer.of(), traceparent: undefined };
}

const event = (position: number) => recordAt(position, subjects.account('a'));
const attempt = (position: number) => recordAt(position, subjects.attempt('a'));
const positionsOf = (anchors: readonly Anchor[]) => anchors.map(({ position }) => position);

test('the newest events and the newest other records of a batch are kept', (t) => {
  const batch = [event(1), event(2), event(3), event(4), attempt(5), attempt(6), attempt(7)];
  const anchors = addAnchors([], [...batch, attempt(8)]);
  t.deepEqual(positionsOf(anchors), [8, 7, 6, 4, 3, 2]);
  t.deepEqual(anchors[3], { position: 4, time: '40', isEvent: true });
});

test('events from before stay while attempts come', (t) => {
  const before = addAnchors([], [event(1), event(2), attempt(3)]);
  t.deepEqual(positionsOf(addAnchors(before, [attempt(4)])), [4, 3, 2, 1]);
  t.deepEqual(positionsOf(addAnchors(before, [4, 5, 6, 7].map(attempt))), [7, 6, 5, 2, 1]);
  t.deepEqual(positionsOf(addAnchors(before, [event(8), event(9)])), [9, 8, 3, 2]);
});
