import test from 'ava';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { AttemptRecord, ClaimRecord, DeletionRecord, Farewell, MailWish } from './records.ts';

const userId = '0198a1b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b';
const claim = 'k'.repeat(43);
const time = '2026-11-22T10:00:00.000Z';
const expiresAt = '2026-11-29T10:00:00.000Z';
const open = {
  state: 'open',
  claim,
  locale: 'sr-Latn-RS',
  time,
  expiresAt,
  actor: { type: 'anonymous', id: 'anonymous' },
  causationId: '4bf92f3577b34da6a3ce929d0e0e4736',
  key: '2026-11-22',
  sealed: 'bm9uY2VjaXBoZXJ0ZXh0dGFn',
  retry: 'ZmluZ2VycHJpbnQ=',
};
const left = { state: 'void', attempt: 4_711, expiresAt, key: open.key, retry: open.retry };
const closed = { state: 'closed', attempt: 4_711, expiresAt, by: 'proof', userId };
const deletion = {
  claims: [claim, `2:${claim}`],
  people: [userId],
  attempts: [{ id: userId, upTo: 1 }],
  addresses: [claim],
};

const fits = test.macro<[TSchema, unknown, boolean]>({
  title: (title = '', _schema, _value, isFit) =>
    `${title} ${isFit ? 'fits' : 'does not fit'} its schema`,
  exec: (t, schema, value, isFit) => {
    t.is(Value.Check(schema, value), isFit);
  },
});

test('a claim that is held', fits, ClaimRecord, { state: 'held', userId, verified: false }, true);
for (const by of ['erasure', 'email-change', 'disowning']) {
  test(`a claim released by ${by}`, fits, ClaimRecord, { state: 'released', by }, true);
}
test('a claim released by nothing', fits, ClaimRecord, { state: 'released' }, false);
test('a claim released by proof', fits, ClaimRecord, { state: 'released', by: 'proof' }, false);
test(
  'a claim with a list of contenders',
  fits,
  ClaimRecord,
  {
    state: 'held',
    userId,
    verified: false,
    contenders: [],
  },
  false,
);

const held = { state: 'held', userId, verified: true };
test('a claim after an erasure', fits, ClaimRecord, { ...held, erasedAt: 7 }, true);
test('a claim after an erasure at position 0', fits, ClaimRecord, { ...held, erasedAt: 0 }, false);

test('a void attempt', fits, AttemptRecord, left, true);
test('a void attempt with a digest', fits, AttemptRecord, { ...left, claim }, false);
for (const name of Object.keys(left)) {
  const { [name]: _left, ...rest } = Object.fromEntries(Object.entries(left));
  test(`a void attempt without ${name}`, fits, AttemptRecord, rest, false);
}

test('an open attempt', fits, AttemptRecord, open, true);
for (const name of Object.keys(open)) {
  const { [name]: _left, ...rest } = Object.fromEntries(Object.entries(open));
  test(`an open attempt without ${name}`, fits, AttemptRecord, rest, false);
}
test(
  'an open attempt with an address',
  fits,
  AttemptRecord,
  { ...open, email: 'vera@example.org' },
  false,
);
test(
  'an open attempt under a key that is not named by a day',
  fits,
  AttemptRecord,
  { ...open, key: '1' },
  false,
);
test(
  'an open attempt with an instant of another form',
  fits,
  AttemptRecord,
  {
    ...open,
    expiresAt: '2026-11-29T10:00:00Z',
  },
  false,
);

const { userId: _userId, ...byNobody } = closed;
test('an attempt that was proven', fits, AttemptRecord, closed, true);
for (const by of ['not-mine', 'erasure']) {
  test(`an attempt that was closed by ${by}`, fits, AttemptRecord, { ...byNobody, by }, true);
}
test(
  'an attempt that was closed by expiry',
  fits,
  AttemptRecord,
  { ...byNobody, by: 'expiry' },
  false,
);
test(
  'a closed attempt without its position',
  fits,
  AttemptRecord,
  { ...closed, attempt: undefined },
  false,
);
test(
  'a closed attempt that is still sealed',
  fits,
  AttemptRecord,
  { ...closed, sealed: 'x' },
  false,
);

test('a mail wish', fits, MailWish, { claim, time }, true);
test(
  'a mail wish with an address',
  fits,
  MailWish,
  { claim, time, email: 'vera@example.org' },
  false,
);

const farewell = { time, locale: 'sr-Latn-RS', key: open.key, sealed: open.sealed };
test('a farewell', fits, Farewell, farewell, true);
for (const name of Object.keys(farewell)) {
  const { [name]: _left, ...rest } = Object.fromEntries(Object.entries(farewell));
  test(`a farewell without ${name}`, fits, Farewell, rest, false);
}
for (const [name, more] of Object.entries({ email: 'vera@example.org', claim })) {
  test(`a farewell with ${name} in clear`, fits, Farewell, { ...farewell, [name]: more }, false);
}

test('a deletion record', fits, DeletionRecord, deletion, true);
test(
  'a deletion record of a claim and former ones, with a pepper under rotation',
  fits,
  DeletionRecord,
  { ...deletion, claims: Array.from({ length: 28 }, () => claim) },
  true,
);
const reserved = { ...held, verified: true, until: '2026-11-26T10:00:00.000Z' };
test('a claim that is reserved', fits, ClaimRecord, reserved, true);
test('a claim that is reserved until no instant', fits, ClaimRecord, { ...held, until: 1 }, false);
test(
  'a deletion record of nothing',
  fits,
  DeletionRecord,
  {
    claims: [],
    people: [],
    attempts: [],
    addresses: [],
  },
  true,
);
for (const [name, list] of Object.entries(deletion)) {
  const { [name]: _left, ...rest } = Object.fromEntries(Object.entries(deletion));
  test(`a deletion record without ${name}`, fits, DeletionRecord, rest, false);
  const many = { ...deletion, [name]: Array.from({ length: 29 }, () => list[0]) };
  test(`a deletion record with twenty-nine ${name}`, fits, DeletionRecord, many, false);
}
test(
  'a deletion record of an attempt without an end',
  fits,
  DeletionRecord,
  {
    ...deletion,
    attempts: [{ id: userId }],
  },
  false,
);
