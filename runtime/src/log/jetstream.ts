import { createInbox, headers, type NatsConnection, nuid } from '@nats-io/transport-node';
import { apiPrefix, inboxPrefix, mayReadFromLeader } from '@zameni/contracts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { DEADLINES } from '../process/deadlines.ts';
import {
  type AppendOutcome,
  type EventLog,
  type LogMessage,
  MAX_APPEND_MESSAGES,
  type TimedRecord,
} from './event-log.ts';
import { createHedgedReads, type MessageQuery } from './read/hedged-reads.ts';
import { toIncarnation } from './watch/incarnation.ts';
import { observeLog } from './observed-log.ts';
import type { ReadNext } from './read/read-from-leader.ts';
import { readBatches } from './read/reader.ts';
import { toNanoseconds } from './server-time.ts';
import { createReadStreamInfo, type ReadStreamInfo } from './servers/stream-info.ts';
import { createUntilLost, type UntilLost } from './connect/until-lost.ts';
import { Fault } from '../errors.ts';

/** The stream of the log, and deadlines for one append and one read. */
export type JetStreamLogOptions = {
  readonly stream: string;
  /** The NATS user of the connection. Replies arrive under its prefix only. */
  readonly user: string;
  /** Whether the copy of a server is to be read by readers of many records. */
  readonly isTrusted?: (server: string) => boolean;
  /** Rejects while the copy of the leader is not to be read. */
  readonly assertLeader?: () => Promise<void>;
  readonly appendDeadlineMs?: number;
  readonly readDeadlineMs?: number;
};

/** JetStream error codes that decide what to do next (server errors.json, measured). */
const JS_ERROR = {
  wrongLastSequence: 10071,
  rivalInFlight: 10164,
  noMessageFound: 10037,
} as const;

/** Permanent refusals of these messages: too large, and a sealed stream. */
const REJECTED = new Set([10054, 10109]);

/**
 * No room: the stream's own limit (10077), the servers' or the account's (10047, 10023, 10002). The
 * server also sends 10077 if the disk could not be written after the cluster had agreed, so the
 * messages may be stored.
 */
const FULL = new Set([10077, 10047, 10023, 10002]);

const PublishReply = Compile(
  Type.Object({
    seq: Type.Optional(Type.Integer()),
    error: Type.Optional(Type.Object({ err_code: Type.Optional(Type.Integer()) })),
  }),
);

const StoredMessageReply = Compile(
  Type.Object({
    message: Type.Optional(
      Type.Object({
        subject: Type.String(),
        seq: Type.Integer(),
        time: Type.String(),
        data: Type.Optional(Type.String()),
        hdrs: Type.Optional(Type.String()),
      }),
    ),
    error: Type.Optional(Type.Object({ err_code: Type.Optional(Type.Integer()) })),
  }),
);

/**
 * The event log on a JetStream stream. Appends are atomic batches (NATS ADR-50) with raw headers,
 * pipelined on one connection. Only the commit asks for a reply, which carries the error code and
 * the last sequence. The client library's own batch drops guards and error codes.
 */
export async function createJetStreamLog(
  nc: NatsConnection,
  {
    stream,
    user,
    isTrusted,
    assertLeader,
    appendDeadlineMs = DEADLINES.logAppend,
    readDeadlineMs = DEADLINES.logRead,
  }: JetStreamLogOptions,
): Promise<EventLog> {
  const api = apiPrefix(user);
  const mayAskLeader = mayReadFromLeader(user);
  const untilLost = createUntilLost(nc);
  const getSubject = `${api}.STREAM.MSG.GET.${stream}`;
  const getOnce = async (query: MessageQuery) => {
    const payload = JSON.stringify(query);
    const reply = await untilLost(nc.request(getSubject, payload, { timeout: readDeadlineMs }));
    return toStoredMessage(reply.json());
  };
  const { again, ...reads } = createHedgedReads({
    direct: { nc, stream, user, deadlineMs: readDeadlineMs, untilLost },
    fromLeader: mayAskLeader ? getOnce : undefined,
  });
  const getMessage = (query: MessageQuery, signal: AbortSignal) =>
    again(() => getOnce(query), signal);
  const readNext: ReadNext = async (filter, after, signal) => {
    await assertLeader?.();
    return getMessage({ seq: after + 1, next_by_subj: filter }, signal);
  };
  const readInfoOnce = createReadStreamInfo(nc, { stream, user, deadlineMs: readDeadlineMs });
  const readInfo: ReadStreamInfo = (signal, filter) =>
    again((end) => untilLost(readInfoOnce(end, filter)), signal);
  return observeLog({
    append: (messages, signal) =>
      appendBatch({ nc, untilLost }, messages, appendDeadlineMs, signal),
    ...reads,
    readFirst: (subject, signal, after = 0) =>
      getMessage({ seq: after + 1, next_by_subj: subject }, signal),
    readLastFromLeader: (subject, signal) => getMessage({ last_by_subj: subject }, signal),
    hasRecord: async (subject, signal) => {
      const { state } = await readInfo(signal, subject);
      return state.subjects?.[subject] !== undefined;
    },
    countRecords: async (filter, signal) => {
      // The server reads the head before it counts (nats-server 2.15, `jsStreamInfoRequest`).
      const { state } = await readInfo(signal, filter);
      return { head: state.last_seq, bySubject: new Map(Object.entries(state.subjects ?? {})) };
    },
    readBatches: (options, signal) =>
      readBatches(
        {
          nc,
          stream,
          user,
          inbox: createInbox(inboxPrefix(user)),
          isTrusted,
          readNext: mayAskLeader ? readNext : undefined,
        },
        options,
        signal,
      ),
    room: async (signal) => {
      const { state, config } = await readInfo(signal);
      const maxBytes = config.max_bytes ?? -1;
      return maxBytes > 0 ? { bytes: state.bytes, maxBytes } : undefined;
    },
    head: async (signal) => (await readInfo(signal)).state.last_seq,
    readAt: (position, signal) => getMessage({ seq: position }, signal),
    incarnation: async (signal) => toIncarnation((await readInfo(signal)).config.metadata),
  });
}

async function appendBatch(
  { nc, untilLost }: { readonly nc: NatsConnection; readonly untilLost: UntilLost },
  messages: readonly LogMessage[],
  deadlineMs: number,
  signal: AbortSignal,
): Promise<AppendOutcome> {
  signal.throwIfAborted();
  if (messages.length === 0 || messages.length > MAX_APPEND_MESSAGES) {
    throw new RangeError(`an append takes 1 to ${MAX_APPEND_MESSAGES} messages`);
  }
  const last = messages.length - 1;
  const batchId = last === 0 ? undefined : nuid.next();
  try {
    for (const [index, message] of messages.entries()) {
      const isLast = index === last;
      const options = { headers: toHeaders(message, batchId, index + 1, isLast) };
      if (!isLast) {
        nc.publish(message.subject, message.data, options);
        continue;
      }
      const reply = nc.request(message.subject, message.data, { ...options, timeout: deadlineMs });
      return toOutcome((await untilLost(reply)).json());
    }
  } catch (cause) {
    return { status: 'unknown', cause };
  }
  throw new RangeError('unreachable: an append has a last message');
}

/**
 * The headers of one message of a batch, as text that is encoded once. The library checks and folds
 * every name of every message, which took more time than the rest of an append. It calls `encode`
 * of any headers object that it gets.
 */
function toHeaders(
  message: LogMessage,
  batchId: string | undefined,
  sequence: number,
  isLast: boolean,
) {
  const lines = ['NATS/1.0', `Nats-Expected-Last-Subject-Sequence: ${message.expectedPosition}`];
  if (batchId !== undefined) {
    lines.push(`Nats-Batch-Id: ${batchId}`, `Nats-Batch-Sequence: ${sequence}`);
    if (isLast) lines.push('Nats-Batch-Commit: 1');
  }
  if (message.guard !== undefined) {
    lines.push(`Nats-Expected-Last-Subject-Sequence-Subject: ${message.guard}`);
  }
  if (message.ttlSeconds !== undefined) lines.push(`Nats-TTL: ${message.ttlSeconds}s`);
  if (message.traceparent !== undefined) lines.push(`traceparent: ${message.traceparent}`);
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  return Object.assign(headers(), { encode: () => bytes });
}

function toOutcome(reply: unknown): AppendOutcome {
  if (!PublishReply.Check(reply)) {
    return { status: 'unknown', cause: new Fault('the commit reply is not of JetStream’s form') };
  }
  if (reply.error === undefined && reply.seq !== undefined) {
    return { status: 'appended', lastPosition: reply.seq };
  }
  const code = reply.error?.err_code;
  if (code === JS_ERROR.wrongLastSequence) return { status: 'conflict' };
  if (code === JS_ERROR.rivalInFlight) return { status: 'busy' };
  const cause = new Fault(`JetStream error ${code ?? 'without code'}`);
  if (code === undefined) return { status: 'unknown', cause };
  if (REJECTED.has(code)) return { status: 'rejected', cause };
  return { status: FULL.has(code) ? 'full' : 'unknown', cause };
}

function toStoredMessage(answer: unknown): TimedRecord | undefined {
  if (!StoredMessageReply.Check(answer)) throw new Fault('a stored message is not of our form');
  if (answer.message === undefined) {
    if (answer.error?.err_code === JS_ERROR.noMessageFound) return undefined;
    throw new Fault(`JetStream error ${answer.error?.err_code ?? 'without code'}`);
  }
  const { subject, seq, time, data, hdrs } = answer.message;
  const head = hdrs === undefined ? '' : Buffer.from(hdrs, 'base64').toString('latin1');
  return {
    subject,
    position: seq,
    time: toNanoseconds(time),
    data: Buffer.from(data ?? '', 'base64'),
    traceparent: /^traceparent: (.+)$/im.exec(head)?.[1]?.trim(),
  };
}
