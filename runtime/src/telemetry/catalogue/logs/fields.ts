import type { LogFieldDefinition } from './definition.ts';

/** Fields that every line has. `trace.id` and `span.id` are those of the active span, if any. */
export const LINE_FIELDS = {
  'log.level': 'Level: `info`, `warn`, `error` or `fatal`',
  '@timestamp': 'Time (UTC)',
  'ecs.version': 'Version of Elastic Common Schema',
  'service.name': 'Service: `command-api`, `query-api`, `projector` or `mailer`',
  'service.node.name': 'Process, for example `command-api-1` (`ZAMENI_INSTANCE`)',
  'event.code': 'Stable name of the event',
  'trace.id': 'Trace, the `traceId` of a problem document',
  'span.id': 'Span',
  'zameni.log.dropped_fields': 'Number of fields that the catalogue does not allow; absent if none',
  'event.dataset': '`zameni.security` in lines of the security log; absent in others',
  message: 'Message of the event, always the same text',
} as const satisfies Readonly<Record<string, string>>;

/** Fields that describe an error. Texts that may quote data are left out, see `telemetry/logs/error.ts`. */
export const ERROR_FIELDS = {
  'error.type': 'Name of the error',
  'error.code': 'Code of the catalogue of errors, of the system, or SQLSTATE',
  'error.message': 'Message; `withheld` unless it is known to quote no data',
  'error.stack_trace': 'Places in the code, without messages',
  'zameni.error.causes': 'Type, code and message of each cause, the nearest first',
} as const satisfies Readonly<Record<string, string>>;

/** Every field of log events, by its name in the code. */
export const LOG_FIELDS = {
  error: { name: 'error', type: 'error', description: 'What went wrong' },
  method: { name: 'http.request.method', type: 'keyword', description: 'Method of the request' },
  route: {
    name: 'http.route',
    type: 'keyword',
    description: 'Route with `{id}` for an id; `unknown` if none matches',
  },
  status: {
    name: 'http.response.status_code',
    type: 'integer',
    description: 'Status of the answer',
  },
  durationNs: {
    name: 'event.duration',
    type: 'integer',
    description: 'Nanoseconds from the arrival of the request to the end of its answer',
  },
  problem: {
    name: 'zameni.problem.code',
    type: 'keyword',
    description: 'Code of the problem that the answer states',
  },
  traceId: { name: 'trace.id', type: 'keyword', description: 'Trace of the request' },
  spanId: { name: 'span.id', type: 'keyword', description: 'Span of the request' },
  sampleRate: {
    name: 'zameni.sample.rate',
    type: 'number',
    description: 'Share of such requests that are logged. The line stands for 1/rate requests',
  },
  port: { name: 'server.port', type: 'integer', description: 'Port on loopback or inside' },
  signal: { name: 'zameni.signal', type: 'keyword', description: 'Signal that was received' },
  exitStatus: { name: 'process.exit_code', type: 'integer', description: 'Exit status' },
  path: { name: 'file.path', type: 'keyword', description: 'Path of the key ring' },
  currentKey: { name: 'zameni.key.current', type: 'keyword', description: 'Id of the current key' },
  keys: { name: 'zameni.key.ids', type: 'keywords', description: 'Ids of the keys' },
  keyCount: { name: 'zameni.key.count', type: 'integer', description: 'Number of keys' },
  issuer: { name: 'zameni.issuer', type: 'keyword', description: 'Issuer of tokens' },
  faults: { name: 'zameni.faults', type: 'integer', description: 'Faults since the last line' },
  lost: { name: 'zameni.lost', type: 'integer', description: 'Lines that were lost' },
  refused: { name: 'zameni.refused', type: 'integer', description: 'Requests refused meanwhile' },
  store: { name: 'zameni.store', type: 'keyword', description: 'Store that is asked' },
  position: { name: 'zameni.log.position', type: 'integer', description: 'Position in the log' },
  subject: {
    name: 'zameni.log.subject',
    type: 'keyword',
    description: 'Subject in the log: an id of an account or attempt, never an address',
  },
  logKind: { name: 'zameni.log.kind', type: 'keyword', description: '`public` or `vouched`' },
  logPercent: {
    name: 'zameni.log.used_percent',
    type: 'number',
    description: 'Part of the room of the log that is used',
  },
  liveAttempts: {
    name: 'zameni.attempts.live',
    type: 'integer',
    description: 'Attempts that have not ended',
  },
  work: {
    name: 'zameni.lease.work',
    type: 'keyword',
    description: 'What the lease is for, for example `eraser`',
  },
  version: {
    name: 'zameni.projection.version',
    type: 'integer',
    description: 'Version of the read models',
  },
  state: {
    name: 'zameni.state',
    type: 'keyword',
    description: 'State of the version, or of the copy of the log',
  },
  server: { name: 'zameni.log.server', type: 'keyword', description: 'Server of the log' },
  successor: {
    name: 'zameni.log.successor',
    type: 'keyword',
    description: 'Server of the log that is to lead next',
  },
  records: { name: 'zameni.log.records', type: 'integer', description: 'Number of records' },
  reason: { name: 'zameni.reason', type: 'keyword', description: 'Reason, in one word' },
  sqlState: { name: 'zameni.sqlstate', type: 'keyword', description: 'SQLSTATE of the refusal' },
  mail: { name: 'zameni.mail.id', type: 'integer', description: 'Number of the mail' },
  mails: { name: 'zameni.mail.count', type: 'integer', description: 'Number of mails' },
  mailCause: {
    name: 'zameni.mail.cause',
    type: 'keyword',
    description: 'Kind of record that asks for the mail',
  },
  person: {
    name: 'user.target.id',
    type: 'keyword',
    description: 'The person whom the request is about: the id of its path',
  },
  scope: {
    name: 'zameni.scope',
    type: 'keyword',
    description: 'Scope by which the caller acted',
  },
  actor: {
    name: 'zameni.actor',
    type: 'keyword',
    description: 'Caller: a user id, or a keyed digest of subject and issuer',
  },
} as const satisfies Readonly<Record<string, LogFieldDefinition>>;

/** The name of a field in the code. */
export type LogFieldName = keyof typeof LOG_FIELDS;
