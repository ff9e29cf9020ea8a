import test from 'ava';
import { findViolations } from './history-check.ts';
import { describeViolations } from './history-report.ts';
import type {
  Attempt,
  History,
  ReadAnswer,
  ReadHistory,
  Stores,
  Wish,
  WriteAnswer,
} from './history.ts';
import type { LogAccount, Person } from './log-account.ts';

const ADA = '00000000-0000-8000-8000-00000000000a';
const BOB = '00000000-0000-8000-8000-00000000000b';

const adaWish = wish('ada', 'ada@example.org');
const bobWish = wish('bob', 'ada@example.org');
const adaView = {
  userId: ADA,
  email: 'ada@example.org',
  emailVerified: false,
  displayName: 'Somebody',
  locale: 'en',
  termsVersion: '2026-01',
  profile: {},
  status: 'active' as const,
  registeredAt: '2026-01-01T00:00:00.000Z',
  version: 1,
};
const adaPerson: Person = { claim: 'k-ada', standing: 'held', ownedAt: 3, view: adaView };
const ada: LogAccount = {
  registrationId: ADA,
  first: 3,
  last: 3,
  outcomes: [{ position: 3, value: { result: 'registered', userId: ADA } }],
  people: [{ position: 3, value: adaPerson }],
  isErased: false,
};
const bobView = { ...adaView, userId: BOB };
const bobPerson: Person = {
  claim: 'k-ada',
  standing: 'contested',
  ownedAt: undefined,
  view: bobView,
};
const bob: LogAccount = {
  registrationId: BOB,
  first: 6,
  last: 6,
  outcomes: [{ position: 6, value: { result: 'pending' } }],
  people: [{ position: 6, value: bobPerson }],
  isErased: false,
};
const adaRecord = { state: 'held' as const, userId: ADA, verified: false, contenders: [BOB] };
const adaClaim = { k: 'k-ada', record: adaRecord };
const adaTold = { kind: 'decided', status: 202, registrationId: ADA, position: 3 } as const;
const bobTold = { kind: 'decided', status: 202, registrationId: BOB, position: 6 } as const;
const adaProcessed = {
  registrationId: ADA,
  status: 'processed',
  outcome: { result: 'registered', userId: ADA },
};
const bobProcessed = {
  registrationId: BOB,
  status: 'processed',
  outcome: { result: 'pending' },
};

/** Ada is registered, lost reply and retry; Bob comes second with the same address and waits. */
const stores: Stores = {
  log: {
    accounts: [ada, bob],
    claims: [adaClaim],
    keys: [
      { userId: ADA, position: 2 },
      { userId: BOB, position: 5 },
    ],
  },
  rows: {
    users: [
      { view: adaView, standing: 'held', position: 3 },
      { view: bobView, standing: 'contested', position: 6 },
    ],
    registrations: [
      { registrationId: ADA, outcome: 'registered', position: 3 },
      { registrationId: BOB, outcome: 'pending', position: 6 },
    ],
    owners: [{ k: 'k-ada', userId: ADA, position: 3 }],
  },
};
const adaAttempts = [attempt(0, 10, { kind: 'unknown', reason: '503' }), attempt(20, 30, told({}))];
const bobAttempts = [attempt(40, 50, { ...bobTold, outcome: undefined })];
const finalReads = [
  read({ answer: found(9, adaProcessed) }),
  read({ path: 'users', answer: found(9, adaView) }),
  read({ key: 'bob', registrationId: BOB, answer: found(9, bobProcessed) }),
  read({ key: 'bob', registrationId: BOB, path: 'users', answer: absent(9) }),
];
const history: History = {
  writes: [
    { wish: adaWish, attempts: adaAttempts },
    { wish: bobWish, attempts: bobAttempts },
  ],
  reads: finalReads,
};

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

test('an accepted registration that is not in the log', breaks, 'accepted-is-logged', {
  stores: withLog({ accounts: [bob] }),
});
test('an answer with the position of another registration', breaks, 'accepted-is-logged', {
  history: withAda(attempt(20, 30, told({ position: 4 }))),
});
test('an answer that names another registration', breaks, 'accepted-is-logged', {
  history: withAda(attempt(20, 30, told({ registrationId: BOB }))),
});
test('a 201 for what waits in the log', breaks, 'accepted-is-logged', {
  history: withBob(attempt(40, 50, { ...bobTold, status: 201, outcome: 'registered' })),
});
test('content that is not what was sent', breaks, 'accepted-is-logged', {
  stores: withLog({
    accounts: [withPerson(ada, { ...adaPerson, view: { ...adaView, locale: 'de' } }), bob],
  }),
});
test('a retry that is told something else', breaks, 'one-answer-a-key', {
  history: withAda(attempt(20, 30, told({})), attempt(31, 39, told({ position: 4 }))),
});
test('two keys with one registration', breaks, 'one-registration-a-key', {
  history: withBob(attempt(40, 50, told({}))),
});
test('an attempt that waits for a free address', breaks, 'pending-is-taken', {
  history: { ...history, writes: [{ wish: wish('bob', 'b@example.org'), attempts: bobAttempts }] },
});
test('an attempt that waits before the address was taken', breaks, 'pending-is-taken', {
  stores: withLog({ accounts: [ada, { ...bob, first: 2 }] }),
  history: withBob(attempt(0, 50, { ...bobTold, position: 2, outcome: undefined })),
});
test('a refusal while the address is not proven', breaks, 'refused-is-taken', {
  stores: withLog({ accounts: [ada, refused(bob)] }),
});
test('a position before one that was answered earlier', breaks, 'positions-follow-time', {
  history: withAda(attempt(60, 70, told({}))),
});
test('an answer outside the contract', breaks, 'no-unknown-answers', {
  history: withAda(attempt(0, 1, { kind: 'fault', reason: 'answered 500' }), ...adaAttempts),
});

test('two people with one address', breaks, 'one-person-an-address', {
  stores: withLog({ accounts: [ada, withPerson(bob, { ...bobPerson, standing: 'held' })] }),
});
test('two people whose addresses compare equal', breaks, 'one-person-an-address', {
  stores: withLog({
    accounts: [ada, withPerson(bob, { ...bobPerson, standing: 'held', claim: 'k-2' })],
  }),
});
test('two claims on one address', breaks, 'one-claim', {
  stores: withLog({ claims: [adaClaim, adaClaim] }),
});
test('two keys of one person', breaks, 'one-key', {
  stores: withLog({ keys: [...stores.log.keys, { userId: ADA, position: 5 }] }),
});
test('an event without its claim', breaks, 'claims-are-events', {
  stores: withLog({ claims: [] }),
});
test('a claim without its event', breaks, 'claims-are-events', {
  stores: withLog({ claims: [adaClaim, { ...adaClaim, k: 'k-b' }] }),
});
test('a claim that is proven without its event', breaks, 'claims-are-events', {
  stores: withLog({ claims: [{ ...adaClaim, record: { ...adaRecord, verified: true } }] }),
});
test('a claim that was given up without its event', breaks, 'claims-are-events', {
  stores: withLog({ claims: [{ k: 'k-ada', record: { state: 'released' } }] }),
});
test('an attempt that its claim has forgotten', breaks, 'contenders-are-events', {
  stores: withLog({ claims: [{ ...adaClaim, record: { ...adaRecord, contenders: [] } }] }),
});
test('a contender nobody registered', breaks, 'contenders-are-events', {
  stores: withLog({ accounts: [ada] }),
});
test('an event without its key', breaks, 'keys-are-events', { stores: withLog({ keys: [] }) });
test('a person missing from the rows', breaks, 'users-are-log', {
  stores: withRows({ users: [] }),
});
test('a person the log does not know', breaks, 'users-are-log', {
  stores: withRows({
    users: [...stores.rows.users, { view: adaView, standing: 'held', position: 9 }],
  }),
});
test('a row with other content than the log', breaks, 'users-are-log', {
  stores: withRows({
    users: [{ view: { ...adaView, displayName: 'Else' }, standing: 'held', position: 3 }],
  }),
});
test('a registration with another outcome than in the log', breaks, 'registrations-are-log', {
  stores: withRows({
    registrations: [
      { registrationId: ADA, outcome: 'pending', position: 3 },
      { registrationId: BOB, outcome: 'pending', position: 6 },
    ],
  }),
});
test('an address without its owner', breaks, 'owners-are-log', {
  stores: withRows({ owners: [] }),
});

test('an answer older than asked', breaks, 'none-older-than-asked', {
  history: withRead({ minPosition: 8, answer: found(7, adaProcessed) }),
});
test('an accepted registration that is not found', breaks, 'accepted-is-found', {
  history: withRead({ answer: absent(2) }),
});
test('a person not found at a position that covers her', breaks, 'accepted-is-found', {
  history: withRead({ path: 'users', answer: absent(3) }),
});
test('only accepted at a position that covers the event', breaks, 'answers-are-log', {
  history: withRead({ answer: found(3, { registrationId: ADA, status: 'accepted' }) }),
});
test('a person whose address is somebody else’s', breaks, 'answers-are-log', {
  history: withRead({ registrationId: BOB, path: 'users', answer: found(9, bobView) }),
});
test('a view that is not the log’s', breaks, 'answers-are-log', {
  history: withRead({ path: 'users', answer: found(9, { ...adaView, version: 2 }) }),
});
test('a view newer than the position it comes with', breaks, 'answers-are-log', {
  history: withRead({ path: 'users', answer: found(2, adaView) }),
});
test('no answer in the end', breaks, 'readable-in-the-end', {
  history: withRead({ isFinal: true, answer: { kind: 'unknown', reason: '503' } }),
});
test('an accepted registration that nobody read in the end', breaks, 'readable-in-the-end', {
  history: { ...history, reads: finalReads.slice(1) },
});

test('not yet is allowed while the answer says that it covers less', (t) => {
  const early = [
    read({ isFinal: false, answer: found(2, { registrationId: ADA, status: 'accepted' }) }),
    read({ isFinal: false, path: 'users', answer: absent(2) }),
    read({ isFinal: false, answer: { kind: 'unknown', reason: '503' } }),
  ];
  t.deepEqual(findViolations({ ...history, reads: [...early, ...finalReads] }, stores), []);
});

test('whoever proves the mailbox has the address, and who had it is nobody any more', (t) => {
  const verified = { ...bobView, emailVerified: true, version: 2 };
  const owner: Person = { ...bobPerson, standing: 'held', ownedAt: 8, view: verified };
  const accounts: LogAccount[] = [
    {
      ...bob,
      last: 8,
      outcomes: [...bob.outcomes, { position: 8, value: { result: 'registered', userId: BOB } }],
      people: [...bob.people, { position: 8, value: owner }],
    },
    {
      ...ada,
      last: 9,
      outcomes: [...ada.outcomes, { position: 9, value: { result: 'superseded' } }],
      people: [...ada.people, { position: 9, value: undefined }],
    },
  ];
  const claim = { k: 'k-ada', record: { state: 'held', userId: BOB, verified: true } } as const;
  const taken: Stores = {
    log: { ...stores.log, accounts, claims: [claim] },
    rows: {
      users: [{ view: verified, standing: 'held', position: 8 }],
      registrations: [
        { registrationId: BOB, outcome: 'registered', position: 8 },
        { registrationId: ADA, outcome: 'superseded', position: 9 },
      ],
      owners: [{ k: 'k-ada', userId: BOB, position: 8 }],
    },
  };
  const superseded = {
    registrationId: ADA,
    status: 'processed',
    outcome: { result: 'superseded' },
  };
  const registered = { ...adaProcessed, registrationId: BOB };
  const reads = [
    read({ path: 'users', answer: found(8, adaView), isFinal: false }),
    read({ answer: found(9, superseded) }),
    read({ path: 'users', answer: absent(9) }),
    read({ key: 'bob', registrationId: BOB, answer: found(7, bobProcessed), isFinal: false }),
    read({
      key: 'bob',
      registrationId: BOB,
      answer: found(9, { ...registered, outcome: { result: 'registered', userId: BOB } }),
    }),
    read({ key: 'bob', registrationId: BOB, path: 'users', answer: found(9, verified) }),
  ];
  t.deepEqual(findViolations({ ...history, reads }, taken), []);
});

test('the report tells everything about the registration concerned and nothing else', (t) => {
  const broken = withRead({ path: 'users', answer: absent(3) });
  const report = describeViolations(findViolations(broken, stores), broken, stores);
  t.regex(report, /^1 broken promises: accepted-is-found 1/);
  t.regex(report, /wish .*"key":"ada"/);
  t.regex(report, /0 to 10 ms POST: .*503/);
  t.regex(report, /log .*"claim":"k-ada"/);
  t.regex(report, /row .*"owner|row .*"k":"k-ada"/);
  t.notRegex(report, /"key":"bob"/);
});

function wish(key: string, email: string): Wish {
  return {
    key,
    caller: 'public',
    email,
    displayName: 'Somebody',
    locale: 'en',
    termsVersion: '2026-01',
  };
}

function attempt(startedMs: number, endedMs: number, answer: WriteAnswer): Attempt {
  return { startedMs, endedMs, answer };
}

function told(changes: { position?: number; registrationId?: string }): WriteAnswer {
  return { ...adaTold, outcome: undefined, ...changes };
}

function found(position: number, view: unknown): ReadAnswer {
  return { kind: 'found', position, view };
}

function absent(position: number): ReadAnswer {
  return { kind: 'absent', position };
}

function read(changes: Partial<ReadHistory> & Pick<ReadHistory, 'answer'>): ReadHistory {
  return {
    key: 'ada',
    path: 'registrations',
    registrationId: ADA,
    minPosition: undefined,
    isFinal: true,
    startedMs: 100,
    endedMs: 110,
    ...changes,
  };
}

function withRead(changes: Parameters<typeof read>[0]): History {
  return { ...history, reads: [...finalReads, read({ isFinal: false, ...changes })] };
}

function withPerson(account: LogAccount, value: Person): LogAccount {
  return { ...account, people: [{ position: account.first, value }] };
}

function refused(account: LogAccount): LogAccount {
  const value = { result: 'refused', reason: 'address-taken' } as const;
  return { ...account, outcomes: [{ position: account.first, value }], people: [] };
}

function withAda(...attempts: Attempt[]): History {
  return { ...history, writes: [{ wish: adaWish, attempts }, ...history.writes.slice(1)] };
}

function withBob(...attempts: Attempt[]): History {
  return { ...history, writes: [...history.writes.slice(0, 1), { wish: bobWish, attempts }] };
}

function withLog(changes: Partial<Stores['log']>): Stores {
  return { ...stores, log: { ...stores.log, ...changes } };
}

function withRows(changes: Partial<Stores['rows']>): Stores {
  return { ...stores, rows: { ...stores.rows, ...changes } };
}
