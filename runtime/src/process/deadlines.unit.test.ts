import test from 'ava';
import {
  assertDeadlines,
  DEADLINES,
  type Deadlines,
  findBrokenRelations,
  longestCommitMs,
  longestTakeOverMs,
} from './deadlines.ts';

test('the deadlines agree with each other', (t) => {
  t.deepEqual(findBrokenRelations(), []);
  t.notThrows(() => assertDeadlines());
  t.is(longestCommitMs(), 17_800);
  t.is(longestTakeOverMs(), 2_500);
});

const breaks = test.macro<[Partial<Deadlines>, RegExp]>({
  title: (_, changed) => `${JSON.stringify(changed)} breaks a relation`,
  exec: (t, changed, rule) => {
    const error = t.throws(() => assertDeadlines({ ...DEADLINES, ...changed }));
    t.regex(error.message, rule);
  },
});
test(breaks, { intent: 21_000 }, /rotation waits longer/);
test(breaks, { rotationGrace: 17_800 }, /rotation waits longer/);
test(breaks, { outcome: 2_000 }, /a command is answered within two/);
test(breaks, { primaryRead: 1_400 }, /a read without a wait/);
test(breaks, { answer: 17_800, preferWait: 10_000 }, /after the longest commit/);
test(breaks, { preferWait: 31_000 }, /longest wait/);
test(breaks, { gatewayServer: 30_000 }, /gateway waits longer than an answer/);
test(breaks, { erased: 17_200 }, /gateway waits longer than an erasure/);
test(breaks, { drain: 10_000 }, /drain takes longer/);
test(breaks, { erasedAtStop: 10_200 }, /drain takes longer than a `DELETE`/);
test(breaks, { telemetryFlush: 3_000 }, /supervisor waits longer/);
test(breaks, { lease: 1_601 }, /takes over in time/);
test(breaks, { leaseStandby: 301 }, /takes over in time/);
test(breaks, { leaseRenewal: 534 }, /outlives several renewals/);
test(breaks, { leasedStep: 17_800 }, /longer than any wait/);
test(breaks, { takeOver: 6_000 }, /outlasts the take-over/);
test(breaks, { entryBehind: 6_000 }, /replica is distrusted/);
test(breaks, { erased: 10_000 }, /outlasts the distrust/);
