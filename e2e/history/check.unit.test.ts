import test from 'ava';
import { findViolations } from './check.ts';
import { describeViolations } from './report.ts';
import {
  absent,
  accountOf,
  ADA,
  ada,
  adaClaim,
  adaPerson,
  adaSent,
  adaWish,
  BOB,
  bob,
  bobAttempt,
  bobClaim,
  bobPerson,
  bobRow,
  bobSent,
  bobWish,
  claimOf,
  EVE,
  eveAttempt,
  eveData,
  eveRow,
  finalReads,
  found,
  history,
  personOf,
  proofOf,
  proven,
  read,
  refused,
  registration,
  rowOf,
  sent,
  stores,
  accepted,
} from './types.fixture.ts';
import type { History, Sent, Stores, WriteAnswer } from './types.ts';
import type { LogAccount, Person } from '../log/account.ts';

test('a history that keeps every promise has no violation', (t) => {
  t.deepEqual(findViolations(history, stores), []);
});

const breaks = test.macro<[string, { history?: History; stores?: Stores }]>((t, rule, changed) => {
  const all = findViolations(changed.history ?? history, changed.stores ?? stores);
  t.true(
    all.some((violation) => violation.rule === rule),
    JSON.stringify(all),
  );
});

test('an accepted person who is not in the log', breaks, 'accepted-is-logged', {
  stores: withLog({ accounts: [bob] }),
});
test('an accepted attempt that is not in the log', breaks, 'accepted-is-logged', {
  stores: withLog({ attempts: [bobAttempt] }),
});
test('an answer with the position of another registration', breaks, 'accepted-is-logged', {
  history: withAda(sent(20, 30, accepted(ADA, 4))),
});
test('an answer that names another registration', breaks, 'accepted-is-logged', {
  history: withAda(sent(20, 30, accepted(BOB, 3))),
});
test('a 202 for a person who is vouched for', breaks, 'accepted-is-logged', {
  history: withAda(sent(20, 30, { ...accepted(ADA, 3), status: 202 })),
});
test('a person whose content differs from the request', breaks, 'accepted-is-logged', {
  stores: withLog({ accounts: [withPerson(ada, { locale: 'de' }), bob] }),
});
test('an attempt whose content differs from the request', breaks, 'accepted-is-logged', {
  stores: withLog({
    attempts: [bobAttempt, { ...eveAttempt, data: { ...eveData, locale: 'de' } }],
  }),
});
test('a retry with another answer', breaks, 'one-answer-a-key', {
  history: withAda(sent(20, 30, accepted(ADA, 3)), sent(31, 39, accepted(ADA, 4))),
});
test('a person who is refused after they were registered', breaks, 'one-answer-a-key', {
  history: withAda(sent(20, 30, accepted(ADA, 3)), sent(31, 39, refused())),
});
test('two keys with one registration', breaks, 'one-registration-a-key', {
  history: withBob(sent(40, 50, accepted(EVE, 5))),
});
test('a refusal of an address that is free', breaks, 'refused-is-taken', {
  history: withAda(sent(0, 10, refused()), sent(20, 30, accepted(ADA, 3))),
});
test('an attempt that is refused', breaks, 'refused-is-taken', {
  history: withBob(sent(0, 10, refused()), ...bobSent),
});
test('a position before one that was answered earlier', breaks, 'positions-follow-time', {
  history: withAda(sent(60, 70, accepted(ADA, 3))),
});
test('an answer outside the contract', breaks, 'no-unknown-answers', {
  history: withAda(sent(0, 1, { kind: 'fault', reason: 'answered 500' }), ...adaSent),
});

test('a proof that closed no attempt', breaks, 'proven-is-logged', {
  stores: withLog({ attempts: [{ ...bobAttempt, closed: undefined }, eveAttempt] }),
});
test('a proof answered with another account', breaks, 'proven-is-logged', {
  history: withProof(proofOf('bob', BOB, 4, proven(ADA, 9))),
});
test('a proof that left the mailbox unproven', breaks, 'proven-is-logged', {
  stores: withLog({ accounts: [ada, withPerson(bob, { emailVerified: false })] }),
});
test('a proof with a position that does not cover it', breaks, 'proven-is-logged', {
  history: withProof(proofOf('bob', BOB, 4, proven(BOB, 6))),
});
test('a second use of a link answered with another account', breaks, 'one-answer-a-link', {
  history: withProof(proofOf('bob', BOB, 4, proven(BOB, 9), proven(ADA, 9))),
});
test('a proof that is refused although the address is free', breaks, 'refused-is-taken', {
  history: withProof(proofOf('eve', EVE, 5, { kind: 'refused', code: 'address-taken' })),
});
test('an answer to a proof outside the contract', breaks, 'no-unknown-answers', {
  history: withProof(proofOf('bob', BOB, 4, { kind: 'fault', reason: '422' })),
});

test('two people with one address', breaks, 'one-person-an-address', {
  stores: withLog({ accounts: [ada, accountOf({ ...bobPerson, claim: 'k-ada' }, 4)] }),
});
test('two people whose addresses compare equal', breaks, 'one-person-an-address', {
  stores: withLog({ accounts: [ada, withPerson(bob, { email: 'ADA@example.org' })] }),
});
test('two claims on one address', breaks, 'one-claim', {
  stores: withLog({ claims: [adaClaim, adaClaim, bobClaim] }),
});
test('two keys of one person', breaks, 'one-key', {
  stores: withLog({ keys: [...stores.log.keys, { userId: ADA, position: 5, version: 1 }] }),
});
test('an event without its claim', breaks, 'claims-are-events', {
  stores: withLog({ claims: [bobClaim] }),
});
test('a claim without its event', breaks, 'claims-are-events', {
  stores: withLog({ claims: [adaClaim, bobClaim, { ...adaClaim, k: 'k-b' }] }),
});
test('a claim that is proven without its event', breaks, 'claims-are-events', {
  stores: withLog({
    claims: [{ k: 'k-ada', record: { state: 'held', userId: ADA, verified: true } }, bobClaim],
  }),
});
test('a claim that was released without its event', breaks, 'claims-are-events', {
  stores: withLog({
    claims: [{ k: 'k-ada', record: { state: 'released', by: 'disowning' } }, bobClaim],
  }),
});
test('an event without its key', breaks, 'keys-are-events', { stores: withLog({ keys: [] }) });
test('a key behind its event', breaks, 'keys-are-events', {
  stores: withLog({ keys: stores.log.keys.map((key) => ({ ...key, position: 99 })) }),
});
test('a person missing from the rows', breaks, 'users-are-log', {
  stores: withRows({ users: [rowOf(bobPerson, 9)] }),
});
test('a person missing from the log', breaks, 'users-are-log', {
  stores: withRows({ users: [...stores.rows.users, rowOf(adaPerson, 8)] }),
});
test('an attempt missing from the rows', breaks, 'attempts-are-log', {
  stores: withRows({ attempts: [eveRow] }),
});
test('an attempt in another state than in the log', breaks, 'attempts-are-log', {
  stores: withRows({ attempts: [{ ...bobRow, state: 'open' }, eveRow] }),
});
test('an open attempt missing from the log', breaks, 'attempts-are-log', {
  stores: withLog({ attempts: [bobAttempt] }),
});
test('an address without its owner', breaks, 'owners-are-log', {
  stores: withRows({ owners: [] }),
});

test('an answer older than requested', breaks, 'none-older-than-asked', {
  history: withRead({ minPosition: 8, answer: found(7, registration(ADA, 'registered')) }),
});
test('an accepted registration that is not found', breaks, 'accepted-is-found', {
  history: withRead({ answer: absent(2) }),
});
test('an attempt that is not found', breaks, 'accepted-is-found', {
  history: withRead({ key: 'eve', registrationId: EVE, answer: absent(9) }),
});
test('a person not found at a position that covers them', breaks, 'accepted-is-found', {
  history: withRead({ path: 'users', answer: absent(3) }),
});
test('only accepted at a position that covers the event', breaks, 'answers-are-log', {
  history: withRead({ answer: found(3, registration(ADA, 'accepted')) }),
});
test('an attempt reported as registered before it was proven', breaks, 'answers-are-log', {
  history: withRead({
    key: 'bob',
    registrationId: BOB,
    answer: found(6, registration(BOB, 'registered')),
  }),
});
test('an attempt that is readable as a person', breaks, 'answers-are-log', {
  history: withRead({ registrationId: EVE, path: 'users', answer: found(9, adaPerson.view) }),
});
test('a view that is not the log’s', breaks, 'answers-are-log', {
  history: withRead({ path: 'users', answer: found(9, { ...adaPerson.view, version: 2 }) }),
});
test('a view newer than the position it comes with', breaks, 'answers-are-log', {
  history: withRead({ path: 'users', answer: found(2, adaPerson.view) }),
});
test('no answer at the end', breaks, 'readable-in-the-end', {
  history: withRead({ isFinal: true, answer: { kind: 'unknown', reason: '503' } }),
});
test('an accepted registration that nobody read at the end', breaks, 'readable-in-the-end', {
  history: { ...history, reads: finalReads.slice(1) },
});

test('a registration may be unreadable while the answer covers less', (t) => {
  const early = [
    read({ isFinal: false, answer: found(2, registration(ADA, 'accepted')) }),
    read({ isFinal: false, path: 'users', answer: absent(2) }),
    read({ isFinal: false, answer: { kind: 'unknown', reason: '503' } }),
    read({
      key: 'bob',
      registrationId: BOB,
      answer: found(6, registration(BOB, 'awaiting-proof')),
      isFinal: false,
    }),
  ];
  t.deepEqual(findViolations({ ...history, reads: [...early, ...finalReads] }, stores), []);
});

test('a retry answered with the position of the account', breaks, 'one-answer-a-key', {
  history: withBob(...bobSent, sent(70, 80, accepted(BOB, 9))),
});

test('a prover who disowns the account gets the address', (t) => {
  const view = { ...adaPerson.view, status: 'deactivated', version: 2 } as const;
  const gone: Person = { ...adaPerson, ownedAt: undefined, view };
  const eve = personOf(EVE, 'ada@example.org', { ownedAt: 14, emailVerified: true });
  const people = [...ada.people, { position: 13, value: gone }];
  const closed = { by: 'proof', userId: EVE, position: 11 } as const;
  const accounts = [{ ...ada, last: 13, people }, bob, accountOf(eve, 5)];
  const taken: Stores = {
    log: {
      accounts,
      attempts: [bobAttempt, { ...eveAttempt, claim: undefined, data: undefined, closed }],
      claims: [claimOf(eve), bobClaim],
      keys: [...stores.log.keys, { userId: EVE, position: 12, version: 1 }],
    },
    rows: {
      users: [rowOf(gone, 13), rowOf(bobPerson, 9), rowOf(eve, 14)],
      attempts: [
        { ...bobRow, state: 'registered' },
        { ...eveRow, claim: null, position: 11, state: 'registered', userId: EVE },
      ],
      owners: [
        { k: 'k-bob', userId: BOB, position: 9 },
        { k: 'k-ada', userId: EVE, position: 14 },
      ],
    },
  };
  const reads = [
    ...finalReads,
    read({ path: 'users', answer: found(13, view), isFinal: false }),
    read({ registrationId: EVE, path: 'users', answer: found(14, eve.view), isFinal: false }),
  ];
  const refusal = { kind: 'refused', code: 'address-unproven' } as const;
  const proofs = [proofOf('eve', EVE, 5, refusal, proven(EVE, 14))];
  t.deepEqual(findViolations({ ...history, proofs, reads }, taken), []);
});

test('the report contains everything about the registration concerned and nothing else', (t) => {
  const broken = withRead({ path: 'users', answer: absent(3) });
  const report = describeViolations(findViolations(broken, stores), broken, stores);
  t.regex(report, /^1 broken promises: accepted-is-found 1/);
  t.regex(report, /wish .*"key":"ada"/);
  t.regex(report, /0 to 10 ms POST: .*503/);
  t.regex(report, /log .*"claim":"k-ada"/);
  t.regex(report, /row .*"k":"k-ada"/);
  t.notRegex(report, /"key":"bob"/);
});

function withRead(changes: Parameters<typeof read>[0]): History {
  return { ...history, reads: [...finalReads, read({ isFinal: false, ...changes })] };
}

function withProof(proof: History['proofs'][number]): History {
  return { ...history, proofs: [proof] };
}

function withPerson(account: LogAccount, changes: Partial<Person['view']>): LogAccount {
  const people = account.people.map(({ position, value }) => {
    return { position, value: value && { ...value, view: { ...value.view, ...changes } } };
  });
  return { ...account, people };
}

function withAda(...all: Sent<WriteAnswer>[]): History {
  return { ...history, writes: [{ wish: adaWish, sent: all }, ...history.writes.slice(1)] };
}

function withBob(...all: Sent<WriteAnswer>[]): History {
  const [first, , last] = history.writes;
  if (first === undefined || last === undefined) throw new Error('there are three wishes');
  return { ...history, writes: [first, { wish: bobWish, sent: all }, last] };
}

function withLog(changes: Partial<Stores['log']>): Stores {
  return { ...stores, log: { ...stores.log, ...changes } };
}

function withRows(changes: Partial<Stores['rows']>): Stores {
  return { ...stores, rows: { ...stores.rows, ...changes } };
}
