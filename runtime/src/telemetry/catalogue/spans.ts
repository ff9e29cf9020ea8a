import type { AttributeName } from './attributes.ts';

/** One kind of span that our own code makes. */
export type SpanDefinition = {
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly description: string;
  readonly attributes: readonly AttributeName[];
};

/**
 * Attributes that any span may have. A refusal, which is an answer, has the code of its problem; a
 * failure, which an operator must see, has `error.type` and the status ERROR.
 */
export const SPAN_ATTRIBUTES = [
  'error.type',
  'zameni.problem.code',
] as const satisfies readonly AttributeName[];

const MESSAGING = [
  'messaging.system',
  'messaging.destination.name',
  'messaging.operation.name',
  'messaging.operation.type',
] as const;

const COMMIT = ['zameni.committer', 'zameni.commit.tries', 'zameni.commit.outcome'] as const;

/** Every span. A name in capitals stands for names that are made from attributes. */
export const SPANS = {
  gateway: {
    name: 'METHOD',
    kind: 'server',
    description:
      'One request at the gateway, made from its log. `HTTP` stands for a word that is no method',
    attributes: [
      'http.request.method',
      'http.response.status_code',
      'error.type',
      'zameni.gateway.backend',
      'zameni.gateway.server',
      'zameni.gateway.queue_ms',
      'zameni.gateway.connect_ms',
      'zameni.gateway.response_ms',
      'zameni.gateway.ended',
    ],
  },
  request: {
    name: 'METHOD ROUTE',
    kind: 'server',
    description:
      'One request, for example `GET /v1/users/{id}`. Never a path, a query, an address or a user agent',
    attributes: [
      'http.request.method',
      'http.route',
      'http.response.status_code',
      'zameni.problem.code',
      'error.type',
    ],
  },
  postgres: {
    name: 'OPERATION DATABASE',
    kind: 'client',
    description: 'One statement in a recorded trace, for example `SELECT zameni_ro`',
    attributes: [
      'db.system.name',
      'db.namespace',
      'db.operation.name',
      'db.query.text',
      'db.client.connection.pool.name',
      'error.type',
    ],
  },
  redis: {
    name: 'COMMAND',
    kind: 'client',
    description: 'One command of Redis in a recorded trace, for example `hmget`',
    attributes: ['db.system.name', 'db.operation.name', 'error.type'],
  },
  validate: {
    name: 'validate',
    kind: 'internal',
    description:
      'Check who sends a command and whether they may, and count it, before its body is read',
    attributes: [],
  },
  publish: {
    name: 'publish ACCOUNTS',
    kind: 'producer',
    description:
      'From the submission of a command to the acknowledgement of the log. Readers of its records continue it',
    attributes: MESSAGING,
  },
  queue: {
    name: 'wait for group',
    kind: 'internal',
    description: 'A command waits until a group takes it',
    attributes: ['zameni.committer'],
  },
  commit: {
    name: 'commit group',
    kind: 'internal',
    description:
      'One try of a group of several commands: read, decide and append. A trace of its own, linked to `publish` of each command. A command alone in its group has the parts in its own trace',
    attributes: COMMIT,
  },
  decide: {
    name: 'decide',
    kind: 'internal',
    description:
      'One try of a group, until a command is decided: read what the log says, and decide',
    attributes: COMMIT,
  },
  append: {
    name: 'append',
    kind: 'client',
    description:
      'Append a batch and wait for a majority. If the batch is of a group of several commands, it is in `commit group`, and each command has a span of the same time, linked to `commit group`',
    attributes: [...MESSAGING, 'messaging.batch.message_count', 'zameni.commit.outcome'],
  },
  read: {
    name: 'read ACCOUNTS',
    kind: 'client',
    description: 'Read records of a subject, or the last ones of several',
    attributes: [...MESSAGING, 'messaging.batch.message_count'],
  },
  info: {
    name: 'info ACCOUNTS',
    kind: 'client',
    description: 'Ask the log for its head or its size, or whether it has a subject',
    attributes: ['messaging.system', 'messaging.destination.name', 'messaging.operation.name'],
  },
  process: {
    name: 'process ACCOUNTS',
    kind: 'consumer',
    description:
      'Apply one live record, or follow it in the mailer; continues the trace of the record',
    attributes: [...MESSAGING, 'messaging.batch.message_count', 'zameni.record.kind'],
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
    description:
      'Wait until a store covers the position that the caller asks for, or until an erasure is done',
    attributes: ['zameni.wait.for', 'zameni.wait.outcome'],
  },
} as const satisfies Record<string, SpanDefinition>;
