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
  locale: 'en',
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
test('an attempt is over at its instant', means, open, { now: EXPIRES }, over);
test('an attempt is over after its instant', means, open, { now: AFTER }, over);
test(
  'an attempt without the key of its day is over',
  means,
  open,
  { now: BEFORE, isKeyGone: true },
  over,
);
test(
  'a void attempt is void until its instant',
  means,
  toVoid,
  { now: BEFORE },
  { state: 'void', position: CLOSED_AT, of: 3, expiresAt: EXPIRES },
);
test('a void attempt is absent at its instant', means, toVoid, { now: EXPIRES }, absentAttempt);
test(
  'a proven attempt names the account',
  means,
  closing('proof', VERA),
  { now: BEFORE },
  closedBy('proof', VERA),
);
for (const by of ['not-mine', 'erasure'] as const) {
  test(
    `an attempt that was closed by ${by} names no account`,
    means,
    closing(by),
    { now: BEFORE },
    closedBy(by),
  );
}
test(
  'a closed attempt is absent from its instant on',
  means,
  closing('proof', VERA),
  { now: EXPIRES },
  absentAttempt,
);

test(
  'an erased attempt stays erased after its instant, for repeated requests',
  means,
  closing('erasure'),
  { now: AFTER },
  closedBy('erasure'),
);

test('nothing is decrypted after the instant', (t) => {
  const state = toAttemptState(
    { record: open, position: ATTEMPT_AT },
    { now: EXPIRES, open: () => t.fail('it was opened') },
  );
  t.deepEqual(state, over);
});
