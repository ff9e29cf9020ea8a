import type {
  History,
  ProofAnswer,
  ReadAnswer,
  ReadHistory,
  Sent,
  Stores,
  Wish,
  WriteAnswer,
} from './history.ts';
import type { LogAccount, Person } from './log-account.ts';
import type { LogAttempt } from './log-attempt.ts';

export const ADA = '00000000-0000-8000-8000-00000000000a';
export const BOB = '00000000-0000-8000-8000-00000000000b';
export const EVE = '00000000-0000-8000-8000-00000000000e';
const EXPIRES = '2999-01-01T00:00:00.000Z';

export const adaWish = wish('ada', 'service', 'ada@example.org');
export const bobWish = wish('bob', 'public', 'bob@example.org');
const eveWish = wish('eve', 'public', 'ada@example.org');
export const adaPerson = personOf(ADA, 'ada@example.org', { ownedAt: 3 });
export const bobPerson = personOf(BOB, 'bob@example.org', { ownedAt: 9, emailVerified: true });
export const ada = accountOf(adaPerson, undefined);
export const bob = accountOf(bobPerson, 4);
export const bobAttempt: LogAttempt = {
  id: BOB,
  position: 4,
  expiresAt: EXPIRES,
  claim: undefined,
  data: undefined,
  closed: { by: 'proof', userId: BOB, position: 7 },
};
export const eveData = { ...contentOf('ada@example.org'), profile: {}, fingerprint: 'f' };
export const eveAttempt: LogAttempt = {
  id: EVE,
  position: 5,
  expiresAt: EXPIRES,
  claim: 'k-ada',
  data: eveData,
  closed: undefined,
};
export const adaClaim = claimOf(adaPerson);
export const bobClaim = claimOf(bobPerson);
export const eveRow = {
  id: EVE,
  claim: 'k-ada',
  position: 5,
  expiresAt: EXPIRES,
  state: 'open',
  userId: null,
} as const;
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
 * mailbox. Eve attempts Ada's address, and is told that an unproven account holds it.
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
export const finalReads = [
  read({ answer: found(9, registration(ADA, 'registered')) }),
  read({ path: 'users', answer: found(9, adaPerson.view) }),
  read({ key: 'bob', registrationId: BOB, answer: found(9, registration(BOB, 'registered')) }),
  read({ key: 'bob', registrationId: BOB, path: 'users', answer: found(9, bobPerson.view) }),
  read({ key: 'eve', registrationId: EVE, answer: found(9, registration(EVE, 'awaiting-proof')) }),
  read({ key: 'eve', registrationId: EVE, path: 'users', answer: absent(9) }),
];
const lost: WriteAnswer = { kind: 'unknown', reason: '503' };
export const adaSent = [sent(0, 10, lost), sent(20, 30, told(ADA, 3))];
export const bobSent = [sent(40, 50, told(BOB, 4))];
const eveSent = [sent(40, 50, told(EVE, 5))];
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

export function contentOf(email: string) {
  return { email, displayName: 'Somebody', locale: 'en', termsVersion: '2026-01' };
}

export function wish(key: string, caller: Wish['caller'], email: string): Wish {
  return { key, isKeyed: true, caller, ...contentOf(email) };
}

type Held = { readonly ownedAt: number; readonly emailVerified?: boolean };

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

export function accountOf(
  value: Person & { readonly ownedAt: number },
  attempt: number | undefined,
): LogAccount {
  const { ownedAt: first, view } = value;
  const people = [{ position: first, value }];
  return { id: view.userId, first, last: first, attempt, people, isErased: false };
}

export function claimOf({ claim, view: { userId, emailVerified: verified } }: Person) {
  return { k: claim, record: { state: 'held', userId, verified } as const };
}

export function rowOf({ view, claim }: Person, position: number) {
  return { view, claim, position };
}

export function sent<Answer>(startedMs: number, endedMs: number, answer: Answer): Sent<Answer> {
  return { startedMs, endedMs, answer };
}

export function told(registrationId: string, position: number) {
  const status = registrationId === ADA ? 201 : 202;
  return { kind: 'decided', status, registrationId, position } as const;
}

export function refused(): WriteAnswer {
  return { kind: 'refused', code: 'address-taken' };
}

export function proven(userId: string, position: number): ProofAnswer {
  return { kind: 'decided', userId, position };
}

export function proofOf(key: string, id: string, position: number, ...answers: ProofAnswer[]) {
  const email = key === 'bob' ? 'bob@example.org' : 'ada@example.org';
  const all = answers.map((answer, n) => sent(60 + n, 61 + n, answer));
  return { key, email, attempt: { id, position }, sent: all };
}

export function registration(registrationId: string, status: string) {
  return { registrationId, status };
}

export function found(position: number, view: unknown): ReadAnswer {
  return { kind: 'found', position, view };
}

export function absent(position: number): ReadAnswer {
  return { kind: 'absent', position };
}

export function read(changes: Partial<ReadHistory> & Pick<ReadHistory, 'answer'>): ReadHistory {
  const about = { key: 'ada', path: 'registrations', registrationId: ADA } as const;
  const times = { startedMs: 100, endedMs: 110 };
  return { ...about, minPosition: undefined, isFinal: true, ...times, ...changes };
}
