import type { AttemptData, OpenAttempt, VoidAttempt } from '@zameni/contracts';
import { Farewell, OpenAttempt as Schema } from '@zameni/contracts';
import test from 'ava';
import { Value } from 'typebox/value';
import { type AttemptSecrets, createAttemptKeys, type UnsealedAttempt } from './attempt-keys.ts';
import type { KeyRing } from './key-ring.ts';

const ringOf = (...days: readonly string[]): KeyRing => ({
  current: days[0] ?? '',
  keys: new Map(days.map((day) => [day, Buffer.alloc(32, Number(day.slice(-2)))])),
});
const ID = '01980000-0000-7000-8000-000000000001';
const attempt: UnsealedAttempt = {
  state: 'open',
  claim: 'c'.repeat(43),
  locale: 'sr-Latn-RS',
  time: '2026-03-10T23:59:59.999Z',
  expiresAt: '2026-03-17T23:59:59.999Z',
  actor: { type: 'anonymous', id: 'anonymous' },
  causationId: 'request-1',
};
const data: AttemptData = {
  email: 'vera@example.org',
  displayName: 'Vera Marković',
  termsVersion: '2026-01',
  profile: { city: 'Niš', news: true, seats: 2 },
};
const secrets: AttemptSecrets = { data, fingerprint: 'f'.repeat(43) };

test('a sealed attempt fits its schema and opens to the same data', (t) => {
  const keys = createAttemptKeys(ringOf('2026-03-10'));
  const sealed = keys.seal(ID, attempt, secrets);
  t.true(Value.Check(Schema, sealed));
  t.deepEqual(keys.open(ID, sealed), secrets);
  t.like(sealed, attempt);
  t.false(JSON.stringify(sealed).includes('vera'));
});

test('an attempt is sealed under the key of its own day, even if another key is current', (t) => {
  const keys = createAttemptKeys(ringOf('2026-03-11', '2026-03-10', '2026-03-09'));
  const sealed = keys.seal(ID, attempt, secrets);
  t.is(sealed.key, '2026-03-10');
  t.deepEqual(createAttemptKeys(ringOf('2026-03-10')).open(ID, sealed), secrets);
  t.is(keys.seal(ID, { ...attempt, time: '2026-03-11T00:00:00.000Z' }, secrets).key, '2026-03-11');
});

test('after the destruction of its day’s key nothing opens an attempt', (t) => {
  const sealed = createAttemptKeys(ringOf('2026-03-10')).seal(ID, attempt, secrets);
  t.is(createAttemptKeys(ringOf('2026-03-11')).open(ID, sealed), undefined);
});

test('without a key for the day nothing is sealed, and the error says what to do', (t) => {
  const keys = createAttemptKeys(ringOf('2026-03-11'));
  const error = t.throws(() => keys.seal(ID, attempt, secrets));
  t.like(error, { code: 'service-unavailable', retryAfterSeconds: 60 });
  t.regex(String(error?.cause), /none for 2026-03-10: run zameni keys tend/);
});

const isBound = test.macro<[Partial<OpenAttempt> & { readonly id?: string }]>({
  title: (title = '') => `a record opens under no other ${title}`,
  exec: (t, { id = ID, ...changed }) => {
    const keys = createAttemptKeys(ringOf('2026-03-10', '2026-03-09'));
    const sealed = keys.seal(ID, attempt, secrets);
    t.is(keys.open(id, { ...sealed, ...changed }), undefined);
  },
});
test('id', isBound, { id: '01980000-0000-7000-8000-000000000002' });
test('digest of an address', isBound, { claim: 'd'.repeat(43) });
test('locale', isBound, { locale: 'en' });
test('instant of its end', isBound, { expiresAt: '2027-03-17T23:59:59.999Z' });
test('instant of its beginning', isBound, { time: '2026-03-10T00:00:00.000Z' });
test('key', isBound, { key: '2026-03-09' });
test('bytes', isBound, { sealed: Buffer.alloc(200, 1).toString('base64') });
test('bytes of the fingerprint', isBound, { retry: Buffer.alloc(80, 1).toString('base64') });

test('a new ring has another key for the day and opens nothing', (t) => {
  const sealed = createAttemptKeys(ringOf('2026-03-10')).seal(ID, attempt, secrets);
  const again = createAttemptKeys({
    current: '2026-03-10',
    keys: new Map([['2026-03-10', Buffer.alloc(32, 99)]]),
  });
  t.is(again.open(ID, sealed), undefined);
  t.is(again.openFingerprint(ID, sealed), undefined);
});

test('the fingerprint opens without the data, under its own id only', (t) => {
  const keys = createAttemptKeys(ringOf('2026-03-10'));
  const { expiresAt, key, retry } = keys.seal(ID, attempt, secrets);
  const left: VoidAttempt = { state: 'void', attempt: 7, expiresAt, key, retry };
  t.is(keys.openFingerprint(ID, left), secrets.fingerprint);
  t.is(keys.openFingerprint('01980000-0000-7000-8000-000000000002', left), undefined);
  t.false(JSON.stringify(left).includes(secrets.fingerprint));
});

test('data that does not fit the schema is an error that quotes none of it', (t) => {
  const keys = createAttemptKeys(ringOf('2026-03-10'));
  const { email: _email, ...rest } = data;
  // A later version of this program may seal such data.
  const sealed = keys.seal(ID, attempt, { ...secrets, data: rest as AttemptData });
  const error = t.throws(() => keys.open(ID, sealed));
  t.false(error?.message.includes('Vera'));
});

const ADDRESS = 'vera@example.org';
const farewell = { time: attempt.time, locale: 'sr-Latn-RS' };

/** A farewell that was sealed under the key of its day. */
function sealFarewell(): Farewell {
  const sealed = createAttemptKeys(ringOf('2026-03-10')).sealFarewell(ID, farewell, ADDRESS);
  if (sealed === undefined) throw new Error('nothing was sealed');
  return sealed;
}

test('a farewell fits its schema, hides the address and opens to it', (t) => {
  const sealed = sealFarewell();
  t.true(Value.Check(Farewell, sealed));
  t.false(JSON.stringify(sealed).includes('vera'));
  t.is(createAttemptKeys(ringOf('2026-03-11', '2026-03-10')).openFarewell(ID, sealed), ADDRESS);
  t.is(createAttemptKeys(ringOf('2026-03-11')).openFarewell(ID, sealed), undefined);
});

test('without a key for the day no farewell is sealed, and nothing is thrown', (t) => {
  const keys = createAttemptKeys(ringOf('2026-03-11'));
  t.is(keys.sealFarewell(ID, farewell, ADDRESS), undefined);
});

test('a farewell opens for this person only, as it was sealed', (t) => {
  const keys = createAttemptKeys(ringOf('2026-03-10', '2026-03-09'));
  const sealed = sealFarewell();
  t.is(keys.openFarewell('01980000-0000-7000-8000-000000000002', sealed), undefined);
  for (const changed of [
    { locale: 'en' },
    { time: '2026-03-10T00:00:00.000Z' },
    { key: '2026-03-09' },
    { sealed: Buffer.alloc(60, 1).toString('base64') },
    { userId: ID },
  ]) {
    t.is(keys.openFarewell(ID, { ...sealed, ...changed }), undefined, Object.keys(changed).join());
  }
});

test('a farewell to a former address names the person, and fits its schema', (t) => {
  const change = '01980000-0000-7000-8000-000000000003';
  const keys = createAttemptKeys(ringOf('2026-03-10'));
  const sealed = keys.sealFarewell(change, { ...farewell, userId: ID }, ADDRESS);
  if (sealed === undefined) return t.fail();
  t.true(Value.Check(Farewell, sealed));
  t.is(keys.openFarewell(change, sealed), ADDRESS);
  t.is(keys.openFarewell(ID, sealed), undefined);
  const { userId: _userId, ...rest } = sealed;
  t.is(keys.openFarewell(change, rest), undefined);
});

test('a farewell opens as nothing else, and nothing else opens as a farewell', (t) => {
  const keys = createAttemptKeys(ringOf('2026-03-10'));
  const { sealed } = sealFarewell();
  const whole = keys.seal(ID, { ...attempt, ...farewell }, secrets);
  t.is(keys.openFingerprint(ID, { ...whole, retry: sealed }), undefined);
  t.is(keys.open(ID, { ...whole, sealed }), undefined);
  for (const other of [whole.sealed, whole.retry]) {
    t.is(keys.openFarewell(ID, { ...farewell, key: whole.key, sealed: other }), undefined);
  }
});

test('a key that is made while it runs is found', (t) => {
  const newer = ringOf('2026-03-10');
  let ring = ringOf('2026-03-09');
  // Like a file that is read at once for an unknown id.
  const keys = createAttemptKeys({
    current: () => ring,
    find: (id) => {
      ring = newer;
      return ring.keys.get(id);
    },
  });
  t.deepEqual(keys.open(ID, keys.seal(ID, attempt, secrets)), secrets);
});
