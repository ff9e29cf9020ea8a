import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { apiPrefix, inboxPrefix } from '@zameni/contracts';
import { type LogRecord, MAX_SUBJECT_RECORDS } from '../event-log.ts';
import type { UntilLost } from '../connect/until-lost.ts';
import { Fault } from '../../errors.ts';

/** The connection of direct gets. `user` owns the inbox in which records arrive. */
export type DirectConnection = {
  readonly nc: Pick<NatsConnection, 'request' | 'subscribe' | 'publish'>;
  readonly stream: string;
  readonly user: string;
  readonly deadlineMs: number;
  readonly untilLost: UntilLost;
};

/** Most bytes of one subject's records. A subject is an account and seldom has more than a few. */
const MAX_SUBJECT_BYTES = 32 * 1_024 * 1_024;

/** Most subjects of one multi-get. The server refuses 1,025 with status 413. */
const MAX_MULTI_GET = 1_000;

/** Statuses that end a direct get without an error. */
const STATUS = { end: 204, nothingFound: 404 } as const;

/** Reads all records of one subject, so that an account can be rebuilt before a decision. */
export async function readSubject(
  connection: DirectConnection,
  subject: string,
  signal: AbortSignal,
): Promise<readonly LogRecord[]> {
  const query = {
    seq: 1,
    next_by_subj: subject,
    batch: MAX_SUBJECT_RECORDS,
    max_bytes: MAX_SUBJECT_BYTES,
  };
  const { records, pending } = await getDirect(connection, query, signal);
  if (pending === 0) return records;
  throw new RangeError(
    `a subject has more than ${MAX_SUBJECT_RECORDS} records or ${MAX_SUBJECT_BYTES} bytes`,
  );
}

/** Reads the last record of each subject that has one. A whole group costs one request. */
export async function readLast(
  connection: DirectConnection,
  subjects: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LogRecord>> {
  const found = new Map<string, LogRecord>();
  for (let start = 0; start < subjects.length; start += MAX_MULTI_GET) {
    const query = { multi_last: subjects.slice(start, start + MAX_MULTI_GET) };
    const { records, pending } = await getDirect(connection, query, signal);
    if (pending !== 0) throw new Fault('the log answered for some of the subjects only');
    for (const record of records) found.set(record.subject, record);
  }
  return found;
}

/** Reads the last record of one subject. The request's own subject names it. */
export async function readLastFromReplica(
  { nc, stream, user, deadlineMs, untilLost }: DirectConnection,
  subject: string,
  signal: AbortSignal,
): Promise<LogRecord | undefined> {
  signal.throwIfAborted();
  const request = `${apiPrefix(user)}.DIRECT.GET.${stream}.${subject}`;
  const message = await untilLost(nc.request(request, '', { timeout: deadlineMs }));
  const status = message.headers?.code ?? 0;
  if (status === STATUS.nothingFound) return undefined;
  if (status !== 0) throw new Fault(`a direct get ended with status ${status}`);
  return toRecord(message);
}

type DirectAnswer = {
  readonly records: readonly LogRecord[];
  /** Number of matching records that the answer leaves out. */
  readonly pending: number;
};

/**
 * One direct get with several answers. States: receiving, ended. Each record carries the position
 * of the record before it in the answer, and the end carries the last position. A gap, another
 * status or silence is an error. The worse failure is an account that is rebuilt without one of its
 * events. The library's own direct get (3.4.0) checks nothing and leaks its subscription.
 */
async function getDirect(
  { nc, stream, user, deadlineMs, untilLost }: DirectConnection,
  query: object,
  signal: AbortSignal,
): Promise<DirectAnswer> {
  signal.throwIfAborted();
  const inbox = createInbox(inboxPrefix(user));
  const answer = Promise.withResolvers<DirectAnswer>();
  const records: LogRecord[] = [];
  let last = 0;
  const onMessage = (message: Msg): void => {
    const status = message.headers?.code ?? 0;
    if (status === STATUS.nothingFound) return answer.resolve({ records: [], pending: 0 });
    if (status !== 0 && status !== STATUS.end) {
      return answer.reject(new Fault(`a direct get ended with status ${status}`));
    }
    if (numberIn(message, 'Nats-Last-Sequence') !== last) {
      return answer.reject(new Fault('a record of a direct get is missing'));
    }
    if (status === STATUS.end) {
      return answer.resolve({ records, pending: numberIn(message, 'Nats-Num-Pending') });
    }
    const record = toRecord(message);
    last = record.position;
    records.push(record);
  };
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => (error ? answer.reject(error) : onMessage(message)),
  });
  const deadline = setTimeout(
    () => answer.reject(new Fault(`a direct get took more than ${deadlineMs} ms`)),
    deadlineMs,
  );
  const onAbort = () => answer.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    nc.publish(`${apiPrefix(user)}.DIRECT.GET.${stream}`, JSON.stringify(query), { reply: inbox });
    return await untilLost(answer.promise);
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
    subscription.unsubscribe();
  }
}

function toRecord(message: Msg): LogRecord {
  return {
    subject: message.headers?.get('Nats-Subject') ?? '',
    position: numberIn(message, 'Nats-Sequence'),
    data: message.data,
    traceparent: message.headers?.get('traceparent') || undefined,
  };
}

function numberIn(message: Msg, header: string): number {
  const text = message.headers?.get(header) ?? '';
  return text === '' ? Number.NaN : Number(text);
}
