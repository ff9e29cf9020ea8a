import { randomUUID } from 'node:crypto';
import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { type Msg, type NatsConnection, nanos } from '@nats-io/transport-node';
import type { LogRecord, ReadOptions } from './event-log.ts';

/** Milliseconds without message or heartbeat after which the reader is taken for dead. */
const SILENCE_DEADLINE_MS = 3_000;
const HEARTBEAT_MS = 1_000;
/**
 * Milliseconds in which a new consumer may be unknown to the server we are connected to (503, no
 * responders), and between asking again: on three servers it becomes known one by one.
 */
const UNKNOWN_DEADLINE_MS = 2_000;
const UNKNOWN_PAUSE_MS = 50;
const PULL_EXPIRES_MS = 10_000;
/** Milliseconds after which the server forgets a consumer nobody pulls from. */
const INACTIVE_MS = 30_000;

/** What a reader reads with: the inbox is where its records arrive. */
export type ReaderConnection = {
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  /** What the subjects of JetStream's API begin with for this user. */
  readonly api: string;
  readonly stream: string;
  readonly inbox: string;
};

/** The log could not be read on; the reader must start again from its checkpoint. */
export class LogReadError extends Error {
  override readonly name = 'LogReadError';
}

/**
 * Reads in order through an ephemeral pull consumer without acks. States: pulling (asks for more
 * while what is buffered and asked for stays under one bound), yielding, ended. Every delivery has
 * a number; a gap, a lost consumer, or silence ends the reader with an error, because the worse
 * failure is an event that is passed over. The library's own consumer pulls on no matter how slow
 * its reader is; here the buffer is bounded by `maxRecords` twice.
 */
export async function* readBatches(
  { nc, jsm, api, stream, inbox }: ReaderConnection,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly LogRecord[]> {
  // Who knows the name of a consumer may pull from it, so nobody must be able to guess it.
  const name = `reader-${randomUUID()}`;
  await jsm.consumers.add(stream, {
    name,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: options.after + 1,
    ...toFilter(options.filters),
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(INACTIVE_MS),
  });
  const pull = startPull(nc, inbox, `${api}.CONSUMER.MSG.NEXT.${stream}.${name}`, options, signal);
  try {
    for (;;) {
      if (signal.aborted) return;
      const batch = pull.take();
      if (batch.length > 0) yield batch;
      else await pull.untilMore();
    }
  } finally {
    pull.stop();
    // Best effort: the server forgets it by itself after INACTIVE_MS.
    await jsm.consumers.delete(stream, name).catch(() => false);
  }
}

type Pull = {
  readonly take: () => readonly LogRecord[];
  readonly untilMore: () => Promise<void>;
  readonly stop: () => void;
};

function startPull(
  nc: NatsConnection,
  inbox: string,
  subject: string,
  { maxRecords, maxBytes }: ReadOptions,
  signal: AbortSignal,
): Pull {
  let buffer: LogRecord[] = [];
  let asked = 0;
  let delivered = 0;
  let failure: LogReadError | undefined;
  let retry: NodeJS.Timeout | undefined;
  const knownBy = performance.now() + UNKNOWN_DEADLINE_MS;
  let wake = Promise.withResolvers<void>();
  // While nothing is asked for (the buffer is full) the server owes not even a heartbeat.
  const silence = setInterval(() => {
    if (asked > 0) fail('the log went silent');
  }, SILENCE_DEADLINE_MS);
  const fail = (reason: string) => {
    failure ??= new LogReadError(reason);
    wake.resolve();
  };
  const onAbort = () => wake.resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => {
      silence.refresh();
      if (error) return fail('the log’s reply was refused');
      // Records keep the subject they were appended on; what comes on the inbox itself is status.
      const fault = message.subject === inbox ? onStatus(message) : onRecord(message);
      if (fault !== undefined) fail(fault);
    },
  });

  function onStatus(message: Msg): string | undefined {
    const status = message.headers?.code ?? 0;
    if (status === 100) return undefined;
    if (status === 503 && delivered === 0 && performance.now() < knownBy) {
      asked = 0;
      retry = setTimeout(ask, UNKNOWN_PAUSE_MS);
      return undefined;
    }
    // 404 and 408 end one pull; what it still owed is no longer on its way.
    if (status !== 404 && status !== 408) return `the consumer ended with status ${status}`;
    asked = Math.max(0, asked - Number(message.headers?.get('Nats-Pending-Messages') || asked));
    ask();
    return undefined;
  }

  function onRecord(message: Msg): string | undefined {
    const delivery = parseDelivery(message.reply ?? '');
    delivered += 1;
    if (delivery === undefined || delivery.number !== delivered) return 'a delivery is missing';
    asked = Math.max(0, asked - 1);
    buffer.push({
      subject: message.subject,
      position: delivery.position,
      data: message.data,
      // Headers are decoded only for who asks: nobody does while nothing is traced.
      get traceparent() {
        return message.headers?.get('traceparent') || undefined;
      },
    });
    wake.resolve();
    return undefined;
  }

  function ask(): void {
    const room = 2 * maxRecords - buffer.length - asked;
    if (room < maxRecords || nc.isClosed()) return;
    if (asked === 0) silence.refresh();
    asked += room;
    nc.publish(
      subject,
      JSON.stringify({
        batch: room,
        expires: nanos(PULL_EXPIRES_MS),
        idle_heartbeat: nanos(HEARTBEAT_MS),
      }),
      { reply: inbox },
    );
  }

  ask();
  return {
    take: () => {
      if (failure !== undefined) throw failure;
      let bytes = 0;
      let count = 0;
      for (const record of buffer) {
        if (count === maxRecords || (count > 0 && bytes + record.data.length > maxBytes)) break;
        bytes += record.data.length;
        count += 1;
      }
      const batch = buffer.slice(0, count);
      buffer = buffer.slice(count);
      ask();
      if (buffer.length === 0) wake = Promise.withResolvers();
      return batch;
    },
    untilMore: () => (signal.aborted ? Promise.resolve() : wake.promise),
    stop: () => {
      clearInterval(silence);
      clearTimeout(retry);
      signal.removeEventListener('abort', onAbort);
      subscription.unsubscribe();
    },
  };
}

/** A single filter stands in the subject of the request, where permissions can tell it. */
function toFilter([first, ...others]: readonly string[]) {
  if (first === undefined) return {};
  return others.length === 0 ? { filter_subject: first } : { filter_subjects: [first, ...others] };
}

/** Numbers in a delivery's reply subject: `$JS.ACK.[domain.account.]stream.consumer.n.position.…`. */
function parseDelivery(reply: string): { number: number; position: number } | undefined {
  const tokens = reply.split('.');
  const start = tokens.length >= 11 ? 7 : 5;
  const position = Number(tokens[start]);
  const number = Number(tokens[start + 1]);
  return Number.isSafeInteger(position) && Number.isSafeInteger(number)
    ? { number, position }
    : undefined;
}
