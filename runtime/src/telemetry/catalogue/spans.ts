import type { AttributeName } from './attributes.ts';

/** One kind of span that our own code makes. */
export type SpanDefinition = {
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly description: string;
  readonly attributes: readonly AttributeName[];
};

const MESSAGING = [
  'messaging.system',
  'messaging.destination.name',
  'messaging.operation.name',
  'messaging.operation.type',
] as const;

/**
 * Every span that our own code makes. Spans of HTTP, Postgres and Redis come from OpenTelemetry's
 * instrumentations: `GET /v1/users/{id}`, `pg.query:…`, `get`.
 */
export const SPANS = {
  validate: {
    name: 'validate',
    kind: 'internal',
    description: 'Check a command beyond its schema, and who sends it',
    attributes: [],
  },
  publish: {
    name: 'publish ACCOUNTS',
    kind: 'producer',
    description:
      'From the submission of a command to the acknowledgement of the log. Readers of the records continue it',
    attributes: MESSAGING,
  },
  decide: {
    name: 'decide',
    kind: 'internal',
    description: 'Decide one command from what the log says',
    attributes: ['zameni.commit.outcome', 'zameni.commit.tries'],
  },
  append: {
    name: 'append',
    kind: 'client',
    description:
      'Append the batch of a group and wait for a majority. One span for the group, linked to `publish` of each command',
    attributes: [...MESSAGING, 'messaging.batch.message_count', 'zameni.committer'],
  },
  process: {
    name: 'process ACCOUNTS',
    kind: 'consumer',
    description:
      'Apply one live record, or follow it in the mailer; continues the trace of the record',
    attributes: [...MESSAGING, 'zameni.record.kind'],
  },
  processBatch: {
    name: 'process ACCOUNTS batch',
    kind: 'consumer',
    description: 'Apply a batch. It links to the records: redriven and rebuilt ones too',
    attributes: [...MESSAGING, 'messaging.batch.message_count', 'zameni.projection.version'],
  },
  redrive: {
    name: 'redrive',
    kind: 'consumer',
    description: 'Apply a parked subject again; links to its records',
    attributes: ['messaging.batch.message_count'],
  },
  mail: {
    name: 'mail',
    kind: 'internal',
    description:
      'Decide, write and send one mail; continues the trace of its record while that is live',
    attributes: ['zameni.mail.kind', 'zameni.mail.outcome'],
  },
  smtp: {
    name: 'smtp send',
    kind: 'client',
    description: 'Hand a mail to the mail server',
    attributes: ['server.address', 'zameni.mail.outcome'],
  },
  wait: {
    name: 'wait for position',
    kind: 'internal',
    description: 'Wait until a store covers the position that the caller asks for',
    attributes: ['zameni.wait.for', 'zameni.wait.outcome', 'zameni.read.source'],
  },
} as const satisfies Record<string, SpanDefinition>;
