import type { AttemptRecord } from '@zameni/contracts';
import test from 'ava';
import { absentAttempt, type AttemptState, toAttemptState } from './attempt.ts';
import {
  ATTEMPT_AT,
  closedBy,
  closing,
  EXPIRES,
  HOME,
  openAttempt,
  VERA,
} from './situation.fixture.ts';

const BEFORE = '2026-11-29T09:59:59.999Z';
const AFTER = '2026-11-29T10:00:00.001Z';

const open: AttemptRecord = {
  state: 'open',
  claim: HOME,
  time: '2026-11-22T10:00:00.000Z',
  expiresAt: EXPIRES,
  actor: { type: 'anonymous', id: 'anonymous' },
  causationId: 'request-1',
  key: '2026-11-22',
  sealed: 'sealed',
};

type Reading = { readonly now: string; readonly isKeyGone?: boolean };

const means = test.macro<[AttemptRecord, Reading, AttemptState]>({
  title: (title = '') => title,
  exec: (t, record, { now, isKeyGone = false }, expected) => {
    const reading = { now, open: () => (isKeyGone ? undefined : openAttempt.data) };
    t.deepEqual(toAttemptState({ record, position: ATTEMPT_AT }, reading), expected);
  },
});

test('an attempt is open until its instant', means, open, { now: BEFORE }, openAttempt);
test('at its instant there is none', means, open, { now: EXPIRES }, absentAttempt);
test('nor is there one later', means, open, { now: AFTER }, absentAttempt);
test(
  'without the key of its day there is none',
  means,
  open,
  { now: BEFORE, isKeyGone: true },
  absentAttempt,
);
test(
  'one that was proven names the account',
  means,
  closing('proof', VERA),
  { now: BEFORE },
  closedBy('proof', VERA),
);
for (const by of ['not-mine', 'erasure'] as const) {
  test(
    `one that was closed by ${by} names nobody`,
    means,
    closing(by),
    { now: BEFORE },
    closedBy(by),
  );
}
test(
  'the closing record is void from the same instant on',
  means,
  closing('proof', VERA),
  { now: EXPIRES },
  absentAttempt,
);

test('behind its instant nothing is opened', (t) => {
  const state = toAttemptState(
    { record: open, position: ATTEMPT_AT },
    { now: EXPIRES, open: () => t.fail('it was opened') },
  );
  t.is(state, absentAttempt);
});
