import type { AttemptRecord, OpenAttempt } from '@zameni/contracts';
import test from 'ava';
import { absentAttempt, type AttemptState, toAttemptState } from './attempt.ts';
import {
  ATTEMPT_AT,
  CLOSED_AT,
  closedBy,
  closing,
  EXPIRES,
  HOME,
  openAttempt,
  VERA,
} from './situation.fixture.ts';

const BEFORE = '2026-11-29T09:59:59.999Z';
const AFTER = '2026-11-29T10:00:00.001Z';

const open: OpenAttempt = {
  state: 'open',
  claim: HOME,
  time: '2026-11-22T10:00:00.000Z',
  expiresAt: EXPIRES,
  actor: { type: 'anonymous', id: 'anonymous' },
  causationId: 'request-1',
  key: '2026-11-22',
  sealed: 'sealed',
  retry: 'sealed too',
};
const last = { position: ATTEMPT_AT, of: ATTEMPT_AT, expiresAt: EXPIRES };
const over: AttemptState = { state: 'over', ...last };
const { expiresAt, key, retry } = open;
const toVoid: AttemptRecord = { state: 'void', attempt: 3, expiresAt, key, retry };

type Reading = { readonly now: string; readonly isKeyGone?: boolean };

const means = test.macro<[AttemptRecord, Reading, AttemptState]>({
  title: (title = '') => title,
  exec: (t, record, { now, isKeyGone = false }, expected) => {
    const { data, fingerprint } = openAttempt;
    const reading = { now, open: () => (isKeyGone ? undefined : { data, fingerprint }) };
    const position = record.state === 'open' ? ATTEMPT_AT : CLOSED_AT;
    t.deepEqual(toAttemptState({ record, position }, reading), expected);
  },
});

test('an attempt is open until its instant', means, open, { now: BEFORE }, openAttempt);
test('at its instant it is over', means, open, { now: EXPIRES }, over);
test('and so it is later', means, open, { now: AFTER }, over);
test('without the key of its day it is over', means, open, { now: BEFORE, isKeyGone: true }, over);
test(
  'a void one is void until its instant',
  means,
  toVoid,
  { now: BEFORE },
  { state: 'void', position: CLOSED_AT, of: 3, expiresAt: EXPIRES },
);
test('at its instant nothing is left of it', means, toVoid, { now: EXPIRES }, absentAttempt);
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

test(
  'but that it was erased is known still, for who asks again',
  means,
  closing('erasure'),
  { now: AFTER },
  closedBy('erasure'),
);

test('behind its instant nothing is opened', (t) => {
  const state = toAttemptState(
    { record: open, position: ATTEMPT_AT },
    { now: EXPIRES, open: () => t.fail('it was opened') },
  );
  t.deepEqual(state, over);
});
