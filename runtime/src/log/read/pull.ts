import { type Msg, type NatsConnection, nanos } from '@nats-io/transport-node';
import type { TimedRecord, ReadOptions } from '../event-log.ts';
import { createPullWindow } from './pull-window.ts';

/** Milliseconds between two heartbeats of the server. */
const HEARTBEAT_MS = 300;

/** Milliseconds without a record or heartbeat after which the pull fails: three lost heartbeats. */
const SILENCE_DEADLINE_MS = 1_000;

/** Milliseconds after which the server ends a request. The pull then sends another one. */
const REQUEST_EXPIRES_MS = 10_000;

/**
 * Milliseconds in which a new consumer may be unknown (503), and between two requests then. On
 * three servers the consumer becomes known to one server after another, and one that had its name
 * before is forgotten as late (400).
 */
const OPENING_DEADLINE_MS = 2_000;
const OPENING_PAUSE_MS = 50;

/** Statuses that JetStream sends in place of a record (NATS ADR-13). */
const STATUS = {
  heartbeat: 100,
  otherGroup: 400,
  noMessages: 404,
  expired: 408,
  noResponders: 503,
} as const;

/** The log could not be read on. The reader must start again from its checkpoint. */
export class LogReadError extends Error {
  override readonly name = 'LogReadError';
}

/** A message as the pull uses it. */
export type PullMessage = Pick<Msg, 'subject' | 'reply' | 'data' | 'headers'>;

/** The part of a NATS connection that a pull uses. */
export type PullConnection = Pick<NatsConnection, 'publish' | 'isClosed'> & {
  readonly subscribe: (
    inbox: string,
    options: { readonly callback: (error: Error | null, message: PullMessage) => void },
  ) => { readonly unsubscribe: () => void };
};

/** What a pull reads from, and the bounds of its batches. */
export type PullOptions = Pick<ReadOptions, 'maxRecords' | 'maxBytes'> & {
  readonly nc: PullConnection;
  /** The subject on which the consumer takes requests for records. */
  readonly requestSubject: string;
  /** Part of each request, so that another consumer of this name refuses it. */
  readonly group: string | undefined;
  /** The subject on which records and statuses arrive. */
  readonly inbox: string;
  /** Aborting it ends `next`. */
  readonly signal: AbortSignal;
};

/** Records of a consumer, in batches. Disposing it ends the subscription. */
export type Pull = Disposable & {
  /**
   * Waits for records and returns the oldest ones; none once the signal aborts. Throws LogReadError
   * if the pull has failed, even while records are buffered.
   */
  readonly next: () => Promise<readonly TimedRecord[]>;
};

type State =
  | { readonly status: 'opening' | 'reading' | 'stopped' }
  | { readonly status: 'failed'; readonly error: LogReadError };

/**
 * Reads from a pull consumer. States:
 * - opening: no record has arrived. A 503 or 400 means that the consumer is not known yet; the
 *   request is sent again until the deadline.
 * - reading: from the first record on. Each record or ended request makes room for another request.
 * - failed: a gap in the deliveries, an unexpected status, or silence. Final.
 * - stopped: disposed. Final.
 *
 * The worse failure is a record that is skipped, so any doubt leads to `failed`. Silence counts only
 * while records are requested: with a full buffer the server sends no heartbeat either.
 */
export function startPull(options: PullOptions): Pull {
  const { nc, requestSubject, group, inbox, signal } = options;
  const window = createPullWindow(options);
  const openingEndsAt = performance.now() + OPENING_DEADLINE_MS;
  let state: State = { status: 'opening' };
  let wake = () => {};

  let heard = 0;

  const silence = setInterval(() => {
    const before = heard;
    // What arrived while this process was busy is read first.
    setImmediate(() => {
      if (heard === before && window.isAwaiting()) fail('the log went silent');
    });
  }, SILENCE_DEADLINE_MS);
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort, { once: true });
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => {
      heard += 1;
      silence.refresh();
      if (error) return fail('the log’s reply was refused');
      // Records keep the subject they were appended on. The inbox itself gets statuses only.
      if (message.subject === inbox) onStatus(message);
      else onRecord(message);
    },
  });

  function request(): void {
    if (state.status === 'stopped' || nc.isClosed()) return;
    // If the server owes nothing from an earlier request, silence is measured from this one.
    if (!window.isAwaiting()) silence.refresh();
    const batch = window.reserve();
    if (batch === 0) return;
    const body = {
      batch,
      group,
      expires: nanos(REQUEST_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    nc.publish(requestSubject, JSON.stringify(body), { reply: inbox });
  }

  function onStatus({ headers }: PullMessage): void {
    const code = headers?.code ?? 0;
    if (code === STATUS.heartbeat) return;
    if (code === STATUS.noMessages || code === STATUS.expired) {
      const pending = headers?.get('Nats-Pending-Messages');
      window.release(pending ? Number(pending) : undefined);
      return request();
    }
    const isOpening = state.status === 'opening' && performance.now() < openingEndsAt;
    const isUnknown = code === STATUS.noResponders || code === STATUS.otherGroup;
    if (!isUnknown || !isOpening) {
      return fail(`the consumer ended with status ${code}`);
    }
    window.release();
    setTimeout(request, OPENING_PAUSE_MS).unref();
  }

  function onRecord(message: PullMessage): void {
    if (state.status === 'opening') state = { status: 'reading' };
    const delivery = parseDelivery(message.reply ?? '');
    const isNext =
      delivery !== undefined && window.receive(toRecord(message, delivery), delivery.number);
    if (!isNext) return fail('a delivery is missing');
    wake();
  }

  function fail(reason: string): void {
    if (state.status !== 'failed') state = { status: 'failed', error: new LogReadError(reason) };
    wake();
  }

  request();
  return {
    next: async () => {
      if (window.isEmpty() && state.status !== 'failed' && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (signal.aborted) return [];
      if (state.status === 'failed') throw state.error;
      const batch = window.take();
      request();
      return batch;
    },
    [Symbol.dispose]: () => {
      state = { status: 'stopped' };
      clearInterval(silence);
      signal.removeEventListener('abort', onAbort);
      subscription.unsubscribe();
    },
  };
}

function toRecord(message: PullMessage, { position, time }: Delivery): TimedRecord {
  return {
    subject: message.subject,
    position,
    time,
    data: message.data,
    // Headers are decoded on access only: without tracing nothing reads them.
    get traceparent() {
      return message.headers?.get('traceparent') || undefined;
    },
  };
}

type Delivery = { readonly number: number; readonly position: number; readonly time: string };

/** Parses a delivery's reply: `$JS.ACK.[domain.account.]stream.consumer.n.position.number.time.…`. */
function parseDelivery(reply: string): Delivery | undefined {
  const tokens = reply.split('.');
  const start = tokens.length >= 11 ? 7 : 5;
  const position = Number(tokens[start]);
  const number = Number(tokens[start + 1]);
  const time = tokens[start + 2] ?? '';
  return Number.isSafeInteger(position) && Number.isSafeInteger(number)
    ? { number, position, time }
    : undefined;
}
