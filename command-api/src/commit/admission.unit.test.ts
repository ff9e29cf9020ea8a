import test from 'ava';
import { createDeadline } from './deadline.ts';
import { createAdmission } from './admission.ts';
import type { Waiting } from './group/group.ts';

const BOUNDS = { maxWaiting: 3, minWaiting: 1, maxStandingMs: 250, maxWaitMs: 1_000 };

function waiting(submittedAt: number): Waiting {
  return {
    intent: { reads: [], decide: () => ({ messages: [], answer: () => undefined }) },
    updates: new Map(),
    submittedAt,
    deadline: createDeadline(60_000),
    queuedAt: submittedAt,
    span: undefined,
    resolve: () => undefined,
    reject: () => undefined,
  };
}

function admissionAt(startMs: number, bounds = BOUNDS) {
  let nowMs = startMs;
  const { admits, afterTaking } = createAdmission(bounds, () => nowMs);
  return {
    admits,
    afterTaking: (group: Waiting[], left: Waiting[], crowdedOut = left.length) =>
      afterTaking({ group, left, crowdedOut }),
    at: (ms: number) => void (nowMs = ms),
  };
}

test('admits an intent to an empty queue, however long ago the last group was', (t) => {
  const { admits, at } = admissionAt(0);
  at(60_000);
  t.true(admits([]));
  t.true(admits([waiting(59_999)]));
});

test('refuses over the most that may wait', (t) => {
  const { admits } = admissionAt(0);
  t.true(admits([waiting(0), waiting(0)]));
  t.false(admits([waiting(0), waiting(0), waiting(0)]));
});

test('refuses while even the youngest of a group has waited long and others are left', (t) => {
  const { admits, afterTaking, at } = admissionAt(0);
  const left = [waiting(60)];
  at(300);
  afterTaking([waiting(0), waiting(40)], left);
  t.false(admits(left));
  at(320);
  afterTaking(left, [waiting(310)]);
  t.false(admits([waiting(310)]));
  at(330);
  afterTaking([waiting(310)], [waiting(320)]);
  t.true(admits([waiting(320)]));
});

test('a long wait that ends with an empty queue was a burst', (t) => {
  const { admits, afterTaking, at } = admissionAt(0);
  at(900);
  afterTaking([waiting(0)], []);
  t.true(admits([waiting(900)]));
});

test('old rivals for one address get no other intent refused', (t) => {
  const { admits, afterTaking, at } = admissionAt(0);
  const rivals = [waiting(0), waiting(0)];
  at(600);
  t.deepEqual(afterTaking([waiting(0), waiting(590)], rivals), []);
  t.true(admits(rivals));
  at(900);
  afterTaking(rivals, [waiting(1), waiting(2)], 0);
  t.true(admits([waiting(1), waiting(2)]));
});

test('refuses while an intent waits and no group was taken for too long', (t) => {
  const { admits, afterTaking, at } = admissionAt(0);
  afterTaking([waiting(0)], []);
  const queue = [waiting(500)];
  at(1_500);
  t.true(admits(queue));
  at(1_501);
  t.false(admits(queue));
});

test('returns the intents left behind after the longest wait', (t) => {
  const { afterTaking, at } = admissionAt(0);
  const [old, young] = [waiting(0), waiting(1)];
  at(1_001);
  t.deepEqual(afterTaking([waiting(900)], [old, young]), [old]);
});

test('refuses no intent while fewer wait than one group takes, however long no group ends', (t) => {
  const { admits, afterTaking, at } = admissionAt(0, { ...BOUNDS, maxWaiting: 9, minWaiting: 2 });
  const old = waiting(0);
  at(5_000);
  t.true(admits([old]));
  t.false(admits([old, old]));
  t.deepEqual(afterTaking([old], [old]), []);
  t.deepEqual(afterTaking([old], [old, old]), [old, old]);
});
