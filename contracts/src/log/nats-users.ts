import { ACCOUNTS_STREAM, subjectFilters } from './topology.ts';

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

/** Consumers that a user can have at once. Each takes a few lines in the servers' configuration. */
const MAX_CONSUMERS = 32;

/**
 * The names under which a user makes consumers, and no other user does. Permissions cannot compare
 * a part of a name, so each name is a permission of its own.
 */
export function consumerNames(user: string): readonly string[] {
  return Array.from({ length: MAX_CONSUMERS }, (_, index) => `${user}-${index + 1}`);
}

/**
 * Calls to make, read and delete consumers of a user's own. With filters it makes only consumers of
 * one of them each, because the subject of the call names it.
 */
function consumersOf(user: NatsUser, filters: readonly string[] = []): readonly string[] {
  const suffixes = filters.length === 0 ? [''] : filters.map((filter) => `.${filter}`);
  return consumerNames(user).flatMap((name) => [
    ...suffixes.map((suffix) => `CONSUMER.CREATE.${stream}.${name}${suffix}`),
    `CONSUMER.MSG.NEXT.${stream}.${name}`,
    `CONSUMER.DELETE.${stream}.${name}`,
  ]);
}

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
      ...directGetsOf(subjectFilters.keys, subjectFilters.accounts),
      // All records of a parked subject.
      `DIRECT.GET.${stream}`,
      ...consumersOf('projector'),
    ],
  }),
  // Sees the names of subjects with a record, but no content.
  'query-api': permit('query-api', { appends: [], calls: [`STREAM.INFO.${stream}`] }),
  // Reads what asks for mails in one order. Only a single filter could be part of the request's
  // subject, and there are four. A wider reader would show it nothing new: it reads accounts, attempts, claims and keys by gets
  // with their subject in the body. It appends nothing, so no mail lengthens an account.
  mailer: permit('mailer', {
    appends: [],
    calls: [
      `STREAM.INFO.${stream}`,
      `STREAM.MSG.GET.${stream}`,
      `DIRECT.GET.${stream}`,
      ...consumersOf('mailer'),
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
      ...readsOf('eraser', [subjectFilters.deletions, subjectFilters.keys, subjectFilters.claims]),
    ],
  }),
  // Reads every server's copy, and asks a leader with a bad copy to hand over. It sees no more than
  // the projector, and has no keys.
  auditor: permit('auditor', {
    appends: [],
    calls: [`STREAM.INFO.${stream}`, `STREAM.LEADER.STEPDOWN.${stream}`, ...consumersOf('auditor')],
  }),
  // Reads events only. STREAM.INFO would list all subjects.
  analyst: permit('analyst', { appends: [], calls: readsOf('analyst', [subjectFilters.accounts]) }),
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
function readsOf(user: NatsUser, filters: readonly string[]): readonly string[] {
  return [...directGetsOf(...filters), ...consumersOf(user, filters)];
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
