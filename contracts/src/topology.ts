/** The one stream that holds claims, keys and events, as JetStream's stream configuration. */
export const ACCOUNTS_STREAM = {
  name: 'ACCOUNTS',
  subjects: ['zameni.claim.*', 'zameni.key.*', 'zameni.account.*'],
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
} as const;

/** Subject filters for readers of the log. */
export const subjectFilters = { keys: 'zameni.key.*', accounts: 'zameni.account.*' } as const;

/** The kind of record a subject holds; undefined for a subject that is not the log's. */
export function recordKind(subject: string): 'claim' | 'key' | 'account' | undefined {
  if (subject.startsWith('zameni.account.')) return 'account';
  if (subject.startsWith('zameni.key.')) return 'key';
  if (subject.startsWith('zameni.claim.')) return 'claim';
  return undefined;
}

/** The NATS users: one a service, and `admin` for provisioning. */
export type NatsUser = 'admin' | 'command-api' | 'projector' | 'query-api';

/** Where a NATS user receives replies; nobody else may subscribe there. */
export function inboxPrefix(user: string): string {
  return `_INBOX.${user}`;
}

const api = '$JS.API';
const stream = ACCOUNTS_STREAM.name;

/** The subjects each NATS user may publish and subscribe to; everything else is denied. */
export const NATS_PERMISSIONS: Readonly<
  Record<NatsUser, { readonly publish: readonly string[]; readonly subscribe: readonly string[] }>
> = {
  admin: { publish: ['>'], subscribe: ['>'] },
  'command-api': {
    publish: [
      ...ACCOUNTS_STREAM.subjects,
      `${api}.STREAM.INFO.${stream}`,
      `${api}.STREAM.MSG.GET.${stream}`,
      `${api}.DIRECT.GET.${stream}`,
    ],
    subscribe: [`${inboxPrefix('command-api')}.>`],
  },
  projector: {
    publish: [
      `${api}.STREAM.INFO.${stream}`,
      `${api}.STREAM.MSG.GET.${stream}`,
      // Where the library creates a consumer with several filters; one with a single filter names it.
      `${api}.CONSUMER.CREATE.${stream}`,
      `${api}.CONSUMER.CREATE.${stream}.>`,
      `${api}.CONSUMER.INFO.${stream}.>`,
      `${api}.CONSUMER.MSG.NEXT.${stream}.>`,
      `${api}.CONSUMER.DELETE.${stream}.>`,
    ],
    subscribe: [`${inboxPrefix('projector')}.>`],
  },
  'query-api': {
    publish: [`${api}.STREAM.INFO.${stream}`, `${api}.STREAM.MSG.GET.${stream}`],
    subscribe: [`${inboxPrefix('query-api')}.>`],
  },
};
