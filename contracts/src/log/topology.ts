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

/** The account that the log's stream belongs to. */
export const LOG_ACCOUNT = 'LOG';

/** The NATS users. Each has an account of its own; only `admin` is in the account of the log. */
export const NATS_USERS = [
  'admin',
  'command-api',
  'projector',
  'query-api',
  'mailer',
  'eraser',
  'auditor',
  'analyst',
  'monitor',
] as const;

/** The name of a NATS user. */
export type NatsUser = (typeof NATS_USERS)[number];

/** Returns the subject prefix of a user's replies. No other user may subscribe to it. */
export function inboxPrefix(user: string): string {
  return `_INBOX.${user}`;
}

/** Subject prefix of JetStream's API in the account of the log. */
export const JETSTREAM_API = '$JS.API';

const importedApi = 'log.api';

/**
 * Returns the subject prefix of JetStream's API for a user. Outside the account of the log
 * `$JS.API` has a responder too, which answers "JetStream not enabled", and the first of two
 * answers would count.
 */
export function apiPrefix(user: string): string {
  return user === 'admin' ? JETSTREAM_API : importedApi;
}

/**
 * What a server tells about itself: its process, its part of JetStream, and whether it is healthy.
 * Reports on its connections would name users and addresses.
 */
const SERVER_REPORTS = ['VARZ', 'JSZ', 'HEALTHZ'] as const;

/** The name of a report. */
export type ServerReport = (typeof SERVER_REPORTS)[number];

/** The account of the servers themselves, where they answer questions about themselves. */
export const SYSTEM_ACCOUNT = '$SYS';

const systemReports = '$SYS.REQ.SERVER';
const importedReports = 'log.server';

/** Returns the subject on which the server with an id is asked for a report. */
export function serverReportSubject(serverId: string, report: ServerReport): string {
  return `${importedReports}.${serverId}.${report}`;
}

/** Maps a subject of a user's account to the subject in the account that it is imported from. */
export function toImported(subject: string): {
  readonly account: typeof LOG_ACCOUNT | typeof SYSTEM_ACCOUNT;
  readonly subject: string;
} {
  if (subject.startsWith(`${importedReports}.`)) {
    const rest = subject.slice(importedReports.length);
    return { account: SYSTEM_ACCOUNT, subject: `${systemReports}${rest}` };
  }
  const isCall = subject.startsWith(`${importedApi}.`);
  const mapped = isCall ? `${JETSTREAM_API}${subject.slice(importedApi.length)}` : subject;
  return { account: LOG_ACCOUNT, subject: mapped };
}

const stream = ACCOUNTS_STREAM.name;

/** Calls to an existing consumer. Only its creator knows its name. */
const PULLS = [`CONSUMER.MSG.NEXT.${stream}.*`, `CONSUMER.DELETE.${stream}.*`];

/** Subjects that a NATS user may publish to, which its account imports, and subscribe to. */
type NatsPermissions = {
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
  // Reads everything in one order. Claims reveal nothing new to it, because it opens the data of
  // every person. It does not have the keys that seal attempts. It asks the leader for records by
  // their positions, to know its log again.
  projector: permit('projector', {
    appends: [],
    calls: [
      `STREAM.INFO.${stream}`,
      `STREAM.MSG.GET.${stream}`,
      `CONSUMER.CREATE.${stream}.*`,
      ...directGetsOf(subjectFilters.keys, subjectFilters.accounts),
      // All records of a parked subject.
      `DIRECT.GET.${stream}`,
      ...PULLS,
    ],
  }),
  // Sees the names of subjects with a record, but no content.
  'query-api': permit('query-api', { appends: [], calls: [`STREAM.INFO.${stream}`] }),
  // Reads what asks for mails in one order. Only a single filter could be part of the request's
  // subject, and there are four; the client sends such a request without the name of the reader.
  // A wider reader would show it nothing new: it reads accounts, attempts, claims and keys by gets
  // with their subject in the body. It appends nothing, so no mail lengthens an account.
  mailer: permit('mailer', {
    appends: [],
    calls: [
      `STREAM.INFO.${stream}`,
      `STREAM.MSG.GET.${stream}`,
      `DIRECT.GET.${stream}`,
      `CONSUMER.CREATE.${stream}`,
      ...PULLS,
    ],
  }),
  // The only user that deletes. It appends re-wrapped keys, claims under a new pepper, void attempts
  // and empty deletion records. It has no consumer for accounts. A get with its subject in the body can still read
  // them; the eraser needs such gets for claims and attempts.
  eraser: permit('eraser', {
    appends: [
      subjectFilters.attempts,
      subjectFilters.keys,
      subjectFilters.claims,
      subjectFilters.deletions,
    ],
    calls: [
      `STREAM.INFO.${stream}`,
      `STREAM.MSG.GET.${stream}`,
      `STREAM.MSG.DELETE.${stream}`,
      `DIRECT.GET.${stream}`,
      ...readsOf(subjectFilters.deletions, subjectFilters.keys, subjectFilters.claims),
    ],
  }),
  // Reads every server's copy, and asks a leader with a bad copy to hand over. It sees no more than
  // the projector, and has no keys.
  auditor: permit('auditor', {
    appends: [],
    calls: [
      `STREAM.INFO.${stream}`,
      `STREAM.LEADER.STEPDOWN.${stream}`,
      `CONSUMER.CREATE.${stream}.*`,
      ...PULLS,
    ],
  }),
  // Reads events only. STREAM.INFO would list all subjects.
  analyst: permit('analyst', { appends: [], calls: readsOf(subjectFilters.accounts) }),
  // Asks each server about itself. It sees no record and no subject of one.
  monitor: {
    publish: SERVER_REPORTS.map((report) => serverReportSubject('*', report)),
    subscribe: [`${inboxPrefix('monitor')}.>`],
  },
};

/** Whether a user may ask the leader for a record of any subject. */
export function mayReadFromLeader(user: string): boolean {
  if (user === 'admin') return true;
  const known = NATS_USERS.find((name) => name === user);
  const call = `${apiPrefix(user)}.STREAM.MSG.GET.${stream}`;
  return known !== undefined && NATS_PERMISSIONS[known].publish.includes(call);
}

/**
 * Calls that read the subjects of some filters only, because the subject of the call names them.
 */
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
