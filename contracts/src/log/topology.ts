/** The one stream of all records, as JetStream's stream configuration. */
export const ACCOUNTS_STREAM = {
  name: 'ACCOUNTS',
  subjects: [
    'zameni.attempt.*',
    'zameni.claim.*',
    'zameni.key.*',
    'zameni.account.*',
    'zameni.mail-wish.*',
    'zameni.farewell.*',
    'zameni.deletion.*',
  ],
  storage: 'file',
  retention: 'limits',
  // At its limits the stream refuses the new message instead of dropping an old one.
  discard: 'new',
  num_replicas: 3,
  allow_atomic: true,
  allow_direct: true,
  allow_msg_ttl: true,
  deny_purge: true,
  deny_delete: false,
  max_msg_size: 128 * 1024,
  // Message ids use memory for this long, and idempotency does not need them.
  duplicate_window_seconds: 30,
} as const;

/** Builds the subjects of the log. No other code may build one. */
export const subjects = {
  claim: (k: string) => `zameni.claim.${k}`,
  key: (userId: string) => `zameni.key.${userId}`,
  account: (userId: string) => `zameni.account.${userId}`,
  attempt: (id: string) => `zameni.attempt.${id}`,
  /** Filter for everything of an id except claims; ids of wishes and deletions are random. */
  anyOf: (id: string) => `zameni.*.${id}`,
  /** Each wish has an id of its own. */
  mailWish: (id: string) => `zameni.mail-wish.${id}`,
  /** An account is erased once, so it has one at most. */
  farewell: (userId: string) => `zameni.farewell.${userId}`,
  /** Each deletion record has an id of its own. */
  deletion: (id: string) => `zameni.deletion.${id}`,
} as const;

/** Subject filters for readers of the log. */
export const subjectFilters = {
  attempts: 'zameni.attempt.*',
  claims: 'zameni.claim.*',
  keys: 'zameni.key.*',
  accounts: 'zameni.account.*',
  mailWishes: 'zameni.mail-wish.*',
  farewells: 'zameni.farewell.*',
  deletions: 'zameni.deletion.*',
} as const;

/** A filter for every record of the log. */
export const EVERY_SUBJECT = 'zameni.>';

/** Every kind of record; the second part of a subject names it. */
const RECORD_KINDS = [
  'attempt',
  'claim',
  'key',
  'account',
  'mail-wish',
  'farewell',
  'deletion',
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** Returns the kind of record at a subject, or undefined if the subject is not one of the log. */
export function recordKind(subject: string): RecordKind | undefined {
  const [prefix, kind] = subject.split('.', 2);
  return prefix === 'zameni' ? RECORD_KINDS.find((known) => known === kind) : undefined;
}
