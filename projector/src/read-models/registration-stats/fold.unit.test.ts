import type { AttemptRecord } from '@zameni/contracts';
import test from 'ava';
import fc from 'fast-check';
import {
  emailChanged,
  happenings,
  projected,
  registration,
  userIdOf,
  withoutKey,
} from '../../accounts.fixture.ts';
import { attempted, closedAttempt, openAttempt, voidedAttempt } from '../../attempts.fixture.ts';
import { cutHistories } from '../histories.fixture.ts';
import type { ProjectedRecord } from '../record.ts';
import { foldRegistrationCounts } from './fold.ts';
import type { RegistrationCounts } from './rows.ts';

/** All records of the fixtures are of one time, and most of one locale. */
const minute = '2026-03-04T05:06:00.000Z';
const none = { minute, locale: 'sr-Cyrl-RS', accepted: 0, registered: 0, verified: 0 };

type Event = Parameters<typeof projected>[1];

const happens = (event: Event, n = 1): ProjectedRecord => {
  return { kind: 'event', event: projected(n, event, { position: 7 }) };
};
const vouched = registration(1);
const joined = registration(1, { emailVerified: true, attempt: 3 });
const changed = emailChanged('k');
const firstProof = { ...changed, data: { ...changed.data, firstProof: { locale: 'de' } } };

const counts = test.macro<[readonly ProjectedRecord[], readonly Partial<RegistrationCounts>[]]>({
  title: (title = '') => `given ${title}`,
  exec: (t, records, rows) => {
    const expected = rows.map((row) => ({ ...none, ...row }));
    t.deepEqual(foldRegistrationCounts(records), expected);
  },
});

test('no records, then nothing is counted', counts, [], []);
test('an attempt, then a registration is accepted', counts, [attempted(1, 7)], [{ accepted: 1 }]);
test(
  'an account from an attempt, then it is registered and verified, but not accepted again',
  counts,
  [happens(joined)],
  [{ registered: 1, verified: 1 }],
);
test(
  'a vouched account, then it is accepted and registered',
  counts,
  [happens(vouched)],
  [{ accepted: 1, registered: 1 }],
);
test(
  'a vouched account with a proven mailbox, then it makes all steps',
  counts,
  [happens(registration(1, { emailVerified: true }))],
  [{ accepted: 1, registered: 1, verified: 1 }],
);
test('proof, then it is verified', counts, [happens(happenings.verified)], [{ verified: 1 }]);
test(
  'a change of address that is the first proof, then it is verified in its locale',
  counts,
  [happens(firstProof)],
  [{ locale: 'de', verified: 1 }],
);
test('any other change of address, then nothing is counted', counts, [happens(changed)], []);

for (const name of ['updated', 'deactivated', 'disowned', 'reactivated', 'erased'] as const) {
  test(`${name}, then nothing is counted`, counts, [happens(happenings[name])], []);
}
const ended: Readonly<Record<string, AttemptRecord>> = {
  'a proven attempt': closedAttempt(3, { provenTo: userIdOf(1) }),
  'a disowned attempt': closedAttempt(3, 'not-mine'),
  'a void attempt': voidedAttempt(3),
};
for (const [name, record] of Object.entries(ended)) {
  test(`${name}, then nothing is counted`, counts, [attempted(1, 7, record)], []);
}

test(
  'several people in several locales, then each locale is counted once',
  counts,
  [
    attempted(1, 3),
    attempted(2, 4, openAttempt('k', 'de-AT')),
    happens(joined, 1),
    attempted(3, 8),
    happens(registration(4, { locale: 'de-AT' }), 4),
  ],
  [
    { accepted: 2, registered: 1, verified: 1 },
    { locale: 'de-AT', accepted: 2, registered: 1 },
  ],
);

test('each record counts in the minute of its own time', (t) => {
  const records = ['2026-03-04T05:06:59.999Z', '2026-03-04T05:07:00.000Z'].map((time, n) =>
    attempted(n, n + 1, { ...openAttempt('k'), time }),
  );
  t.deepEqual(
    foldRegistrationCounts(records).map((row) => row.minute),
    [minute, '2026-03-04T05:07:00.000Z'],
  );
});

for (const [locale, counted] of [
  ['de', 'de'],
  ['sr-Latn-RS', 'sr-Latn-RS'],
  ['es-419', 'es-419'],
  ['de-DE-1996', 'de-DE'],
  ['sl-rozaj', 'sl'],
  ['en-GB-u-ca-buddhist', 'en-GB'],
  ['en-x-vera-private', 'en'],
] as const) {
  test(`the locale ${locale} counts as ${counted}`, (t) => {
    t.is(foldRegistrationCounts([attempted(1, 7, openAttempt('k', locale))])[0]?.locale, counted);
  });
}

test('an erasure of the person before the record was read changes no count', (t) => {
  for (const event of [vouched, joined, happenings.verified, firstProof]) {
    const erased = { kind: 'event', event: withoutKey(1, event, { position: 7 }) } as const;
    t.deepEqual(foldRegistrationCounts([erased]), foldRegistrationCounts([happens(event)]));
  }
});

/** The sums of each step. */
function sumsOf(batches: readonly (readonly ProjectedRecord[])[]) {
  return batches.flatMap(foldRegistrationCounts).reduce(
    (sums, row) => ({
      accepted: sums.accepted + row.accepted,
      registered: sums.registered + row.registered,
      verified: sums.verified + row.verified,
    }),
    { accepted: 0, registered: 0, verified: 0 },
  );
}

test('however a history is cut into batches, the sums are the same, and each row comes once', (t) => {
  fc.assert(
    fc.property(cutHistories, (batches) => {
      t.deepEqual(sumsOf(batches), sumsOf([batches.flat()]));
      for (const rows of batches.map(foldRegistrationCounts)) {
        const keys = rows.map((row) => `${row.minute} ${row.locale}`);
        t.is(new Set(keys).size, keys.length);
      }
    }),
    { numRuns: 200 },
  );
});

test('given counts that were carried over, then accepted registrations are not counted again', (t) => {
  const records = [attempted(1, 6), happens(vouched), attempted(2, 8)];
  t.deepEqual(foldRegistrationCounts(records, 7), [{ ...none, accepted: 1, registered: 1 }]);
  t.deepEqual(foldRegistrationCounts([attempted(1, 7)], 7), []);
});
