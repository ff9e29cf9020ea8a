/**
 * Every attribute of metrics and spans. Names without `zameni.` are those of OpenTelemetry's
 * semantic conventions 1.38. No value names a person, an account, a request or an address.
 */
export const ATTRIBUTES = {
  'db.client.connection.pool.name': 'What the pool is for, for example `query-replica`',
  'db.client.connection.state': '`idle` or `used`',
  'db.namespace': 'Database as PgBouncer names it',
  'db.operation.name': 'Command of Redis or Postgres, without arguments',
  'db.query.text': 'SQL with parameters and without values',
  'db.system.name': '`postgresql` or `redis`',
  'error.type': 'Code of the problem, or of the server that refused',
  'http.request.method': 'Method',
  'http.response.status_code': 'Status of the answer',
  'http.route': 'Route as the table of operations names it, with `{id}` for an id',
  'messaging.batch.message_count': 'Records of the batch',
  'messaging.destination.name': 'Stream of the log',
  'messaging.operation.name': 'What is done: `publish`, `process`, `read`, `info`',
  'messaging.operation.type': '`send` or `process`',
  'messaging.system': '`nats`',
  'server.address': 'Host of the server',
  'zameni.breaker': 'What the breaker guards: `cache`, `limits`, `primary` or `replica`',
  'zameni.cache.result': '`hit`, `miss`, `behind`, `parked` or `unavailable`',
  'zameni.commit.outcome':
    '`appended`; `nothing` to append; `conflict`: decided again; `postponed`: left to a later group; `failed`',
  'zameni.committer': '`commands` or `public`',
  'zameni.commit.tries': 'Number of the try, from 1',
  'zameni.gateway.backend': 'Service behind the gateway, or `gateway` for an answer of its own',
  'zameni.gateway.connect_ms': 'Milliseconds until the process took the connection',
  'zameni.gateway.ended': 'Who ended the request and when: two letters of HAProxy, `--` is normal',
  'zameni.gateway.queue_ms': 'Milliseconds that the request waited for a process',
  'zameni.gateway.response_ms': 'Milliseconds until the process began to answer',
  'zameni.gateway.server': 'Process behind the gateway',
  'zameni.lease.work': 'What the lease is for, for example `projection` or `eraser`',
  'zameni.log.copy.state': 'What the auditor knows of the copy: `healthy`, `unknown` or `damaged`',
  'zameni.log.server': 'Server of the log',
  'zameni.mail.kind': 'Kind of the mail',
  'zameni.mail.outcome': '`sent`, `later`, `abandoned`, `unknown` or `not-needed`',
  'zameni.mail.state': 'State of a mail in the ledger',
  'zameni.problem.code': 'Code of the catalogue of errors (docs/errors.md)',
  'zameni.projection.version': 'Version of the read models',
  'zameni.projection.state': 'State of the version: `live`, `building`, `differs` or `kept`',
  'zameni.read.source': 'Where the answer came from: `cache`, `replica` or `primary`',
  'zameni.record.kind': 'Kind of the record, for example `registered`',
  'zameni.registration.kind': '`public`, or `vouched` by a caller',
  'zameni.shed.reason': '`event-loop` or `queue`',
  'zameni.wait.outcome': '`reached`, `timed-out`, or `left` by the caller',
  'zameni.wait.for': 'What a request waits for: `readable`, `erased` or `position`',
  'zameni.waited':
    '`true` for a request that waited over 0.1 s because its caller asked it to (`Prefer: wait`), and did not fail',
} as const;

/** The name of an attribute. */
export type AttributeName = keyof typeof ATTRIBUTES;
