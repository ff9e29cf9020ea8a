import type { LogAccount, Person } from '../log/account.ts';
import type { LogAttempt } from '../log/attempt.ts';
import type {
  History,
  ProofAnswer,
  ReadAnswer,
  ReadHistory,
  Sent,
  Stores,
  Wish,
  WriteAnswer,
} from './types.ts';

/** A vouched account. */
export const ADA = '00000000-0000-8000-8000-00000000000a';
/** A person who proves an attempt. */
export const BOB = '00000000-0000-8000-8000-00000000000b';
/** An attempt on Ada's address. */
export const EVE = '00000000-0000-8000-8000-00000000000e';
const EXPIRES = '2999-01-01T00:00:00.000Z';

/** Ada's request. */
export const adaWish = wish('ada', 'service', 'ada@example.org');
/** Bob's request. */
export const bobWish = wish('bob', 'public', 'bob@example.org');
const eveWish = wish('eve', 'public', 'ada@example.org');
/** Ada in the log. */
export const adaPerson = personOf(ADA, 'ada@example.org', { ownedAt: 3 });
/** Bob in the log. */
export const bobPerson = personOf(BOB, 'bob@example.org', { ownedAt: 9, emailVerified: true });
/** Ada's account. */
export const ada = accountOf(adaPerson, undefined);
/** Bob's account. */
export const bob = accountOf(bobPerson, 4);
/** The attempt that Bob proved. */
export const bobAttempt: LogAttempt = {
  id: BOB,
  position: 4,
  expiresAt: EXPIRES,
  claim: undefined,
  data: undefined,
  closed: { by: 'proof', userId: BOB, position: 7 },
};
/** Eve's request. */
export const eveData = { ...contentOf('ada@example.org'), profile: {}, fingerprint: 'f' };
/** Eve's attempt. */
export const eveAttempt: LogAttempt = {
  id: EVE,
  position: 5,
  expiresAt: EXPIRES,
  claim: 'k-ada',
  data: eveData,
  closed: undefined,
};
/** Ada's claim. */
export const adaClaim = claimOf(adaPerson);
/** Bob's claim. */
export const bobClaim = claimOf(bobPerson);
/** The row of Eve's attempt. */
export const eveRow = {
  id: EVE,
  claim: 'k-ada',
  position: 5,
  expiresAt: EXPIRES,
  state: 'open',
  userId: null,
} as const;
/** The row of Bob's attempt. */
export const bobRow = {
  ...eveRow,
  id: BOB,
  claim: null,
  position: 7,
  state: 'registered',
  userId: BOB,
};

/**
 * Ada is vouched for, with a lost reply and a retry. Bob registers as the public and proves his
 * mailbox. Eve makes an attempt on Ada's address and learns that an unproven account holds it.
 */
export const stores: Stores = {
  log: {
    accounts: [ada, bob],
    attempts: [bobAttempt, eveAttempt],
    claims: [adaClaim, bobClaim],
    keys: [
      { userId: ADA, position: 2, version: 1 },
      { userId: BOB, position: 8, version: 1 },
    ],
  },
  rows: {
    users: [rowOf(adaPerson, 3), rowOf(bobPerson, 9)],
    attempts: [{ ...bobRow, state: 'registered' }, eveRow],
    owners: [
      { k: 'k-ada', userId: ADA, position: 3 },
      { k: 'k-bob', userId: BOB, position: 9 },
    ],
  },
};
/** The reads at the end. */
export const finalReads = [
  read({ answer: found(9, registration(ADA, 'registered')) }),
  read({ path: 'users', answer: found(9, adaPerson.view) }),
  read({ key: 'bob', registrationId: BOB, answer: found(9, registration(BOB, 'registered')) }),
  read({ key: 'bob', registrationId: BOB, path: 'users', answer: found(9, bobPerson.view) }),
  read({ key: 'eve', registrationId: EVE, answer: found(9, registration(EVE, 'awaiting-proof')) }),
  read({ key: 'eve', registrationId: EVE, path: 'users', answer: absent(9) }),
];
const lost: WriteAnswer = { kind: 'unknown', reason: '503' };
/** The requests for Ada. */
export const adaSent = [sent(0, 10, lost), sent(20, 30, accepted(ADA, 3))];
/** The requests of Bob. */
export const bobSent = [sent(40, 50, accepted(BOB, 4))];
const eveSent = [sent(40, 50, accepted(EVE, 5))];
/** What clients saw. */
export const history: History = {
  writes: [
    { wish: adaWish, sent: adaSent },
    { wish: bobWish, sent: bobSent },
    { wish: eveWish, sent: eveSent },
  ],
  proofs: [
    proofOf('bob', BOB, 4, proven(BOB, 9), proven(BOB, 9)),
    proofOf('eve', EVE, 5, { kind: 'refused', code: 'address-unproven' }),
  ],
  reads: finalReads,
};

/** The request that everybody sends for an address. */
export function contentOf(email: string) {
  return { email, displayName: 'Somebody', locale: 'en', termsVersion: '2026-01' };
}

/** A wish under a key. */
export function wish(key: string, caller: Wish['caller'], email: string): Wish {
  return { key, isKeyed: true, caller, ...contentOf(email) };
}

type Held = { readonly ownedAt: number; readonly emailVerified?: boolean };

/** A person who holds an address. */
export function personOf(
  userId: string,
  email: string,
  { ownedAt, emailVerified = false }: Held,
): Person & { readonly ownedAt: number } {
  const registeredAt = '2026-01-01T00:00:00.000Z';
  const about = { profile: {}, status: 'active', registeredAt, version: 1 } as const;
  const view = { userId, ...contentOf(email), emailVerified, ...about };
  return { claim: `k-${email.split('@')[0]}`, ownedAt, view };
}

/** The account of a person. */
export function accountOf(
  value: Person & { readonly ownedAt: number },
  attempt: number | undefined,
): LogAccount {
  const { ownedAt: first, view } = value;
  const people = [{ position: first, value }];
  return { id: view.userId, first, last: first, attempt, people, isErased: false };
}

/** The claim of a person. */
export function claimOf({ claim, view: { userId, emailVerified: verified } }: Person) {
  return { k: claim, record: { state: 'held', userId, verified } as const };
}

/** The row of a person. */
export function rowOf({ view, claim }: Person, position: number) {
  return { view, claim, position };
}

/** One request with its times and answer. */
export function sent<Answer>(startedMs: number, endedMs: number, answer: Answer): Sent<Answer> {
  return { startedMs, endedMs, answer };
}

/** The answer to an accepted registration. */
export function accepted(registrationId: string, position: number) {
  const status = registrationId === ADA ? 201 : 202;
  return { kind: 'decided', status, registrationId, position } as const;
}

/** The answer to a refused one. */
export function refused(): WriteAnswer {
  return { kind: 'refused', code: 'address-taken' };
}

/** The answer to a proof. */
export function proven(userId: string, position: number): ProofAnswer {
  return { kind: 'decided', userId, position };
}

/** A link and the answers to its proofs. */
export function proofOf(key: string, id: string, position: number, ...answers: ProofAnswer[]) {
  const email = key === 'bob' ? 'bob@example.org' : 'ada@example.org';
  const all = answers.map((answer, n) => sent(60 + n, 61 + n, answer));
  return { key, email, attempt: { id, position }, sent: all };
}

/** The status of a registration. */
export function registration(registrationId: string, status: string) {
  return { registrationId, status };
}

/** A read that found something. */
export function found(position: number, view: unknown): ReadAnswer {
  return { kind: 'found', position, view };
}

/** A read that found nothing. */
export function absent(position: number): ReadAnswer {
  return { kind: 'absent', position };
}

/** A read of Ada at the end, with changes. */
export function read(changes: Partial<ReadHistory> & Pick<ReadHistory, 'answer'>): ReadHistory {
  const about = { key: 'ada', path: 'registrations', registrationId: ADA } as const;
  const times = { startedMs: 100, endedMs: 110 };
  return { ...about, minPosition: undefined, isFinal: true, ...times, ...changes };
}
