import { canonicalJson, type LogFacts, type Stores, type Violation } from './history.ts';
import type { Person } from './log-account.ts';

/** The claims of the log are what its events make them, and the read model equals the log. */
export function checkStores({ log, rows }: Stores): Violation[] {
  const people = peopleOf(log);
  const holders = people.filter(({ standing }) => standing === 'held');
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
        record.state === 'held' ? [{ k, userId: record.userId, verified: record.verified }] : [],
      ),
      idOf: (claim) => claim.userId,
    }),
    ...findWrongContenders(log, people),
    ...compare('keys-are-events', {
      expected: log.accounts.flatMap(({ registrationId, first, people: [born], isErased }) =>
        born?.value === undefined || isErased
          ? []
          : [{ userId: registrationId, position: first - 1 }],
      ),
      actual: keysOfTheLiving(log),
      idOf: (key) => key.userId,
    }),
    ...compare('users-are-log', {
      expected: people.map(({ view, standing, position }) => ({ view, standing, position })),
      actual: rows.users,
      idOf: ({ view }) => view.userId,
    }),
    ...compare('registrations-are-log', {
      expected: log.accounts.flatMap(({ registrationId, outcomes }) => {
        const last = outcomes.at(-1);
        if (last === undefined) return [];
        return [{ registrationId, outcome: last.value.result, position: last.position }];
      }),
      actual: rows.registrations,
      idOf: (row) => row.registrationId,
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

/** The people there are in the end, with the positions of the first and last event of each. */
function peopleOf({
  accounts,
}: LogFacts): (Person & { readonly first: number; readonly position: number })[] {
  return accounts.flatMap(({ people, first }) => {
    const last = people.at(-1);
    return last?.value === undefined ? [] : [{ ...last.value, first, position: last.position }];
  });
}

/** How far the erasure of a key has come is not told here: a test of its own waits for it. */
function keysOfTheLiving({ accounts, keys }: LogFacts): LogFacts['keys'] {
  const erased = new Set(
    accounts.filter(({ isErased }) => isErased).map(({ registrationId }) => registrationId),
  );
  return keys.filter(({ userId }) => !erased.has(userId));
}

/** Who waits for proof of an address came after its holder, in that order, the newest among them. */
function findWrongContenders(
  { claims }: LogFacts,
  people: ReturnType<typeof peopleOf>,
): Violation[] {
  const byClaim = Map.groupBy(people, ({ claim }) => claim);
  return claims.flatMap(({ k, record }) => {
    if (record.state === 'released') return [];
    const { userId, contenders = [] } = record;
    const all = byClaim.get(k) ?? [];
    const ownedAt = all.find(({ view }) => view.userId === userId)?.ownedAt ?? 0;
    const waiting = all
      .filter(({ standing, first }) => standing === 'contested' && first > ownedAt)
      .toSorted((a, b) => a.first - b.first)
      .map(({ view }) => view.userId);
    const places = contenders.map((contender) => waiting.indexOf(contender));
    const isInOrder = places.every((place, n) => place > (places[n - 1] ?? -1));
    if (isInOrder && contenders.at(-1) === waiting.at(-1)) return [];
    const detail = `${contenders.join()} wait instead of ${waiting.join()}`;
    return [{ rule: 'contenders-are-events', detail, registrationId: userId }];
  });
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

/** Compares two sets of items as texts: what is missing, what is too much, what differs. */
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
