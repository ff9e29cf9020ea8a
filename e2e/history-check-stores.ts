import { canonicalJson, type LogFacts, type Stores, type Violation } from './history.ts';

/** Claims, keys and events of the log match one to one, and the read model equals the log. */
export function checkStores({ log, rows }: Stores): Violation[] {
  return [
    ...findRepeated('one-event', log.events, (event) => event.registrationId),
    ...findRepeated('one-claim', log.claims, (claim) => claim.k),
    ...findRepeated('one-key', log.keys, (key) => key.userId),
    ...findRepeated('one-person-an-address', registeredOf(log), ({ view }) =>
      view.email.toLowerCase(),
    ),
    ...compare('claims-are-events', {
      expected: registeredOf(log).map(({ claim, registrationId, position }) => {
        return { k: claim, userId: registrationId, position: position - 2 };
      }),
      actual: log.claims,
      idOf: (claim) => claim.userId,
    }),
    ...compare('keys-are-events', {
      expected: registeredOf(log).map(({ registrationId, position }) => {
        return { userId: registrationId, position: position - 1 };
      }),
      actual: log.keys,
      idOf: (key) => key.userId,
    }),
    ...compare('users-are-log', {
      expected: registeredOf(log).map(({ view, position }) => ({ view, position })),
      actual: rows.users,
      idOf: ({ view }) => view.userId,
    }),
    ...compare('registrations-are-log', {
      expected: log.events.map(({ registrationId, outcome, position }) => {
        return { registrationId, outcome, position };
      }),
      actual: rows.registrations,
      idOf: (row) => row.registrationId,
    }),
    ...compare('owners-are-log', {
      expected: registeredOf(log).map(({ claim, registrationId, position }) => {
        return { k: claim, userId: registrationId, position };
      }),
      actual: rows.owners,
      idOf: (row) => row.userId,
    }),
  ];
}

function registeredOf({ events }: LogFacts) {
  return events.filter((event) => event.outcome === 'registered');
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
