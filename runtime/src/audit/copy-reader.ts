import { createHash } from 'node:crypto';
import { createInbox, type Msg } from '@nats-io/transport-node';
import { inboxPrefix } from '@zameni/contracts';
import { delay } from '../async/retry.ts';
import { Fault } from '../errors.ts';
import { type Consumer, createConsumer, type StreamConnection } from '../log/read/consumer.ts';

/** A record as one server holds it. */
export type CopyRecord = {
  readonly position: number;
  /** Digest of subject and data. */
  readonly digest: string;
  /** Whether it may expire now: each server expires it by its own clock. */
  readonly isEnding: boolean;
};

/** Reads one server's copy of the log, forwards. */
export type CopyReader = AsyncDisposable & {
  /** Returns what the copy holds from where the last call ended up to a position. */
  readonly readUpTo: (position: number, signal: AbortSignal) => Promise<readonly CopyRecord[]>;
};

/** Opens a reader of one server's copy. Rejects if that server is not to be had. */
export type OpenCopy = (server: string, from: number, signal: AbortSignal) => Promise<CopyReader>;

/** Consumers made at most, until one lies on the wanted server: (2/3)^60 remains. */
const MAX_TRIES = 60;

/** Records asked for at once, and milliseconds for them. */
const BATCH = 1_000;
const DEADLINE_MS = 2_000;

/** Milliseconds in which a new consumer may be unknown, and between two questions then. */
const OPENING_MS = 2_000;
const OPENING_PAUSE_MS = 20;

const NANOSECONDS_PER_MS = 1_000_000;

/**
 * A record that ends within this time may be gone on one server and not on another: each goes by its
 * own clock. More than the clocks may differ.
 */
const ENDING_MS = 7_200_000;

const STATUS = { noMessages: 404, expired: 408, noResponders: 503 } as const;

/**
 * Direct gets are answered by any server, and gets by the leader, so neither can read one copy. A
 * consumer with one replica lives on one server and reads that server's copy. The servers choose
 * where it lives, at random, so it is made again until it lives on the wanted one: three times on
 * average.
 */
export function createOpenCopy(connection: StreamConnection): OpenCopy {
  return async (server, from, signal) => {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      signal.throwIfAborted();
      const options = { from, filters: [], deadlineMs: DEADLINE_MS, hasGroup: false };
      const consumer = await createConsumer(connection, options);
      if (consumer === undefined) throw new Fault('no reader could be made');
      if (consumer.server !== server) {
        await consumer.remove();
        continue;
      }
      let buffer: readonly CopyRecord[] = [];
      let delivered = 0;
      return {
        readUpTo: async (position, end) => {
          while ((buffer.at(-1)?.position ?? 0) < position) {
            const records = await pull(connection, consumer, { after: delivered, signal: end });
            delivered += records.length;
            buffer = [...buffer, ...records];
            if (records.length < BATCH) break;
          }
          const wanted = buffer.filter((record) => record.position <= position);
          buffer = buffer.slice(wanted.length);
          return wanted;
        },
        [Symbol.asyncDispose]: consumer.remove,
      };
    }
    throw new Fault(`no reader came to lie on ${server}`);
  };
}

/** How many records the consumer has delivered, and the end of the wait for more. */
type PullOptions = { readonly after: number; readonly signal: AbortSignal };

/**
 * Asks for the next records. Fewer than a batch: the copy has no more. Rejects if a record went to
 * somebody else, such as a reader that was away while its consumer ended and its name was taken.
 */
async function pull(
  { nc, user }: StreamConnection,
  { requestSubject, server }: Consumer,
  { after, signal }: PullOptions,
): Promise<readonly CopyRecord[]> {
  const inbox = createInbox(inboxPrefix(user));
  const openingEndsAt = performance.now() + OPENING_MS;
  const answer = Promise.withResolvers<readonly CopyRecord[]>();
  const records: CopyRecord[] = [];
  const request = () => {
    const body = { batch: BATCH, no_wait: true };
    nc.publish(requestSubject, JSON.stringify(body), { reply: inbox });
  };
  const onMessage = (message: Msg): void => {
    if (message.subject !== inbox) {
      const { delivery, record } = readDelivery(message);
      if (delivery !== after + records.length + 1) {
        return answer.reject(new Fault(`another reader has taken records of ${server}`));
      }
      records.push(record);
      if (records.length === BATCH) answer.resolve(records);
      return;
    }
    const code = message.headers?.code ?? 0;
    if (code === STATUS.noMessages || code === STATUS.expired) return answer.resolve(records);
    const isOpening = records.length === 0 && performance.now() < openingEndsAt;
    if (code !== STATUS.noResponders || !isOpening) {
      return answer.reject(new Fault(`the reader of ${server} ended with status ${code}`));
    }
    delay(OPENING_PAUSE_MS, signal).then(request, answer.reject);
  };
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => (error ? answer.reject(error) : onMessage(message)),
  });
  const late = setTimeout(
    () =>
      answer.reject(new Fault(`the reader of ${server} is late after ${records.length} records`)),
    DEADLINE_MS,
  );
  const onAbort = () => answer.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    request();
    return await answer.promise;
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', onAbort);
    subscription.unsubscribe();
  }
}

/** A delivery's reply is `$JS.ACK.[domain.account.]stream.consumer.n.position.number.time.…`. */
function readDelivery(message: Msg): { readonly delivery: number; readonly record: CopyRecord } {
  const tokens = (message.reply ?? '').split('.');
  const start = tokens.length >= 11 ? 7 : 5;
  const position = Number(tokens[start]);
  const delivery = Number(tokens[start + 1]);
  const storedAtMs = Number(tokens[start + 2]) / NANOSECONDS_PER_MS;
  if (!Number.isSafeInteger(position)) throw new Fault('a delivery has no position');
  const lifetime = message.headers?.get('Nats-TTL') ?? '';
  const endsAtMs = storedAtMs + Number.parseInt(lifetime, 10) * 1_000;
  const record = {
    position,
    digest: createHash('sha256')
      .update(message.subject)
      .update('\0')
      .update(message.data)
      .digest('base64'),
    // Without a lifetime the comparison is with NaN, and false.
    isEnding: endsAtMs - Date.now() < ENDING_MS,
  };
  return { delivery, record };
}
