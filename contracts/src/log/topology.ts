/** The one stream of all records, as JetStream's stream configuration. */
export const ACCOUNTS_STREAM = {
  name: 'ACCOUNTS',
  subjects: [
    'zameni.attempt.*',
    'zameni.claim.*',
    'zameni.key.*',
    'zameni.account.*',
    'zameni.mail-wish.*',
    'zameni.deletion.*',
  ],
  storage: 'file',
  retention: 'limits',
  // With limits reached, refuse the new message instead of dropping an old one.
  discard: 'new',
  num_replicas: 3,
  allow_atomic: true,
  allow_direct: true,
  allow_msg_ttl: true,
  deny_purge: true,
  deny_delete: false,
  max_msg_size: 128 * 1024,
  // Message ids cost memory for this long and idempotency does not rest on them.
  duplicate_window_seconds: 30,
} as const;

/** The subjects of the log, each built in one place only. */
export const subjects = {
  claim: (k: string) => `zameni.claim.${k}`,
  key: (userId: string) => `zameni.key.${userId}`,
  account: (userId: string) => `zameni.account.${userId}`,
  attempt: (id: string) => `zameni.attempt.${id}`,
  /** A filter for what has an id: attempt, key or account (ids of wishes and deletions are random). */
  anyOf: (id: string) => `zameni.*.${id}`,
  /** Of one wish, by an id of its own. */
  mailWish: (id: string) => `zameni.mail-wish.${id}`,
  /** Of one commit, by an id of its own. */
  deletion: (id: string) => `zameni.deletion.${id}`,
} as const;

/** Subject filters for readers of the log. */
export const subjectFilters = {
  attempts: 'zameni.attempt.*',
  claims: 'zameni.claim.*',
  keys: 'zameni.key.*',
  accounts: 'zameni.account.*',
  deletions: 'zameni.deletion.*',
} as const;

/** Every kind of record, as the second part of its subject. */
const RECORD_KINDS = ['attempt', 'claim', 'key', 'account', 'mail-wish', 'deletion'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** The kind of record a subject holds; undefined for a subject that is not the log's. */
export function recordKind(subject: string): RecordKind | undefined {
  const [prefix, kind] = subject.split('.', 2);
  return prefix === 'zameni' ? RECORD_KINDS.find((known) => known === kind) : undefined;
}

/** The NATS users, each in an account of its own; `admin` alone is in the account of the log. */
export const NATS_USERS = [
  'admin',
  'command-api',
  'projector',
  'query-api',
  'eraser',
  'analyst',
] as const;

/** The name of a NATS user. */
export type NatsUser = (typeof NATS_USERS)[number];

/** Where a NATS user receives replies; nobody else may subscribe there. */
export function inboxPrefix(user: string): string {
  return `_INBOX.${user}`;
}

/** What the subjects of JetStream's own API begin with, in the account of the log. */
export const JETSTREAM_API = '$JS.API';

const importedApi = 'log.api';

/**
 * What the subjects of JetStream's API begin with for a user. Outside the account of the log
 * `$JS.API` is answered too, by "JetStream not enabled", and the first of two answers would count.
 */
export function apiPrefix(user: string): string {
  return user === 'admin' ? JETSTREAM_API : importedApi;
}

/** The subject in the account of the log that a subject of a user's account stands for. */
export function toLogSubject(subject: string): string {
  return subject.startsWith(`${importedApi}.`)
    ? `${JETSTREAM_API}${subject.slice(importedApi.length)}`
    : subject;
}

const stream = ACCOUNTS_STREAM.name;

/** Calls to a consumer that is there; its name is a secret of whoever made it. */
const PULLS = [`CONSUMER.MSG.NEXT.${stream}.*`, `CONSUMER.DELETE.${stream}.*`];

/** What a NATS user may publish to, which is what its account imports, and where it may listen. */
export type NatsPermissions = {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
};

/** The subjects each NATS user may publish and subscribe to; everything else is denied. */
export const NATS_PERMISSIONS: Readonly<Record<NatsUser, NatsPermissions>> = {
  admin: { publish: ['>'], subscribe: ['>'] },
  'command-api': permit('command-api', {
    appends: ACCOUNTS_STREAM.subjects,
    calls: [`STREAM.INFO.${stream}`, `STREAM.MSG.GET.${stream}`, `DIRECT.GET.${stream}`],
  }),
  // Reads everything in one order. Of claims it could learn nothing that it does not know: it opens
  // the data of every person, and attempts are sealed under keys that it does not have.
  projector: permit('projector', {
    appends: [],
    calls: [
      `STREAM.INFO.${stream}`,
      `CONSUMER.CREATE.${stream}.*`,
      ...directGetsOf(subjectFilters.keys, subjectFilters.accounts),
      ...PULLS,
    ],
  }),
  // The names of subjects with a record, and no record's content.
  'query-api': permit('query-api', { appends: [], calls: [`STREAM.INFO.${stream}`] }),
  // The only one that deletes; it appends keys wrapped anew, claims under a new pepper and void attempts.
  // No consumer brings it accounts; gets that name their subjects in the body would, and it needs those for claims and attempts.
  eraser: permit('eraser', {
    appends: [subjectFilters.attempts, subjectFilters.keys, subjectFilters.claims],
    calls: [
      `STREAM.INFO.${stream}`,
      `STREAM.MSG.GET.${stream}`,
      `STREAM.MSG.DELETE.${stream}`,
      `DIRECT.GET.${stream}`,
      ...readsOf(subjectFilters.deletions, subjectFilters.keys, subjectFilters.claims),
    ],
  }),
  // Events only; STREAM.INFO would list all subjects.
  analyst: permit('analyst', { appends: [], calls: readsOf(subjectFilters.accounts) }),
};

/** Calls that read the subjects of some filters only: each names them itself, where it can be told. */
function readsOf(...filters: readonly string[]): readonly string[] {
  return [
    ...directGetsOf(...filters),
    ...filters.map((filter) => `CONSUMER.CREATE.${stream}.*.${filter}`),
    ...PULLS,
  ];
}

function directGetsOf(...filters: readonly string[]): readonly string[] {
  return filters.map((filter) => `DIRECT.GET.${stream}.${filter}`);
}

function permit(
  user: NatsUser,
  { appends, calls }: { readonly appends: readonly string[]; readonly calls: readonly string[] },
): NatsPermissions {
  return {
    publish: [...appends, ...calls.map((call) => `${apiPrefix(user)}.${call}`)],
    subscribe: [`${inboxPrefix(user)}.>`],
  };
}
