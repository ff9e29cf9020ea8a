import type { Person } from '../log/account.ts';
import {
  type AttemptRow,
  canonicalJson,
  type LogFacts,
  type Stores,
  type Violation,
} from './types.ts';

/** The claims of the log follow from its events, and the read model equals the log. */
export function checkStores({ log, rows }: Stores): Violation[] {
  const people = peopleOf(log);
  const holders = people.filter(({ ownedAt }) => ownedAt !== undefined);
  const expectedAttempts = attemptsOf(log);
  return [
    ...findRepeated('one-claim', log.claims, (claim) => claim.k),
    ...findRepeated('one-key', log.keys, (key) => key.userId),
    ...findRepeated('one-person-an-address', holders, ({ claim }) => claim),
    ...findRepeated('one-person-an-address', holders, ({ view }) => view.email.toLowerCase()),
    ...compare('claims-are-events', {
      expected: holders.map(({ claim, view }) => {
        return { k: claim, userId: view.userId, verified: view.emailVerified };
      }),
      actual: log.claims.flatMap(({ k, record }) =>
        record.state === 'held' && record.until === undefined
          ? [{ k, userId: record.userId, verified: record.verified }]
          : [],
      ),
      idOf: (claim) => claim.userId,
    }),
    ...compare('keys-are-events', {
      expected: log.accounts.flatMap(({ id, people: [born], isErased }) =>
        born?.value === undefined || isErased ? [] : [{ userId: id }],
      ),
      actual: keysOfTheLiving(log).map(({ userId }) => ({ userId })),
      idOf: (key) => key.userId,
    }),
    ...findLateKeys(log),
    ...compare('users-are-log', {
      expected: people.map(({ view, claim, position }) => ({ view, claim, position })),
      actual: rows.users,
      idOf: ({ view }) => view.userId,
    }),
    ...compare('attempts-are-log', {
      expected: expectedAttempts,
      actual: rows.attempts.filter((row) => !isLeftOver(row, expectedAttempts)),
      idOf: (row) => row.id,
    }),
    ...compare('owners-are-log', {
      expected: holders.map(({ claim, view, ownedAt }) => {
        return { k: claim, userId: view.userId, position: ownedAt };
      }),
      actual: rows.owners,
      idOf: (row) => row.userId,
    }),
  ];
}

/** The people who exist in the end, with the position of the last event of each. */
function peopleOf({ accounts }: LogFacts): (Person & { readonly position: number })[] {
  return accounts.flatMap(({ people }) => {
    const last = people.at(-1);
    return last?.value === undefined ? [] : [{ ...last.value, position: last.position }];
  });
}

/** The progress of deleting keys is not checked here. A test of its own waits for it. */
function keysOfTheLiving({ accounts, keys }: LogFacts): LogFacts['keys'] {
  const erased = new Set(accounts.filter(({ isErased }) => isErased).map(({ id }) => id));
  return keys.filter(({ userId }) => !erased.has(userId));
}

/** A key precedes its events. A re-wrapped key may follow them. */
function findLateKeys({ accounts, keys }: LogFacts): Violation[] {
  const firsts = new Map(accounts.map(({ id, first }) => [id, first]));
  return keys.flatMap(({ userId, position, version }) =>
    version > 1 || position < (firsts.get(userId) ?? 0)
      ? []
      : [{ rule: 'keys-are-events', detail: `the key is at ${position}`, registrationId: userId }],
  );
}

function attemptsOf({ attempts, accounts }: LogFacts): AttemptRow[] {
  const erased = new Set(accounts.flatMap(({ id, isErased }) => (isErased ? id : [])));
  return attempts.map(({ id, position, expiresAt, claim = null, closed }) => {
    if (closed === undefined) {
      return { id, position, expiresAt, claim, state: 'open', userId: null };
    }
    const { by, userId = null } = closed;
    if (by === 'void') {
      return { id, position: closed.position, expiresAt, claim: null, state: 'void', userId: null };
    }
    const isThere = by === 'proof' && userId !== null && !erased.has(userId);
    const [state, person] = isThere ? (['registered', userId] as const) : (['gone', null] as const);
    return { id, position: closed.position, expiresAt, claim: null, state, userId: person };
  });
}

/** A row may lack a record: its attempt was deleted, or the record expired from the log first. */
function isLeftOver(row: AttemptRow, expected: readonly AttemptRow[]): boolean {
  const isKnown = expected.some(({ id }) => id === row.id);
  return !isKnown && (row.state === 'gone' || Date.parse(row.expiresAt) < Date.now());
}

function findRepeated<Item>(
  rule: string,
  items: readonly Item[],
  nameOf: (item: Item) => string,
): Violation[] {
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const name = nameOf(item);
    if (seen.has(name)) return [{ rule, detail: `there is another: ${canonicalJson(item)}` }];
    seen.add(name);
    return [];
  });
}

type Comparison<Item> = {
  readonly expected: readonly Item[];
  readonly actual: readonly Item[];
  readonly idOf: (item: Item) => string;
};

/** Compares two sets of items as texts: missing, surplus and different items. */
function compare<Item>(rule: string, { expected, actual, idOf }: Comparison<Item>): Violation[] {
  const wanted = new Map(expected.map((item) => [canonicalJson(item), idOf(item)]));
  const found = new Map(actual.map((item) => [canonicalJson(item), idOf(item)]));
  const missing = [...wanted].filter(([text]) => !found.has(text));
  const surplus = [...found].filter(([text]) => !wanted.has(text));
  return [
    ...missing.map(([text, id]) => ({ rule, detail: `missing: ${text}`, registrationId: id })),
    ...surplus.map(([text, id]) => ({ rule, detail: `unfounded: ${text}`, registrationId: id })),
  ];
}
