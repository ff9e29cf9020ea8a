import { createHash, randomUUID } from 'node:crypto';
import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { apiPrefix, inboxPrefix } from '@zameni/contracts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { delay } from '../async/retry.ts';
import { Fault } from '../errors.ts';

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

/** Milliseconds after which the server deletes a consumer that is not asked. */
const INACTIVE_MS = 30_000;
const NANOSECONDS_PER_MS = 1_000_000;

/**
 * A record that ends within this time may be gone on one server and not on another: each goes by its
 * own clock. More than the clocks may differ.
 */
const ENDING_MS = 7_200_000;

const STATUS = { noMessages: 404, expired: 408, noResponders: 503 } as const;

const CreateReply = Compile(
  Type.Object({
    name: Type.String(),
    cluster: Type.Object({ leader: Type.String() }),
  }),
);

/** The connection of the auditor. */
export type CopyConnection = {
  readonly nc: NatsConnection;
  readonly stream: string;
  readonly user: string;
};

/**
 * Direct gets are answered by any server, and gets by the leader, so neither can read one copy. A
 * consumer with one replica lives on one server and reads that server's copy. The servers choose
 * where it lives, at random, so it is made again until it lives on the wanted one: three times on
 * average.
 */
export function createOpenCopy({ nc, stream, user }: CopyConnection): OpenCopy {
  const api = apiPrefix(user);

  async function create(from: number): Promise<{ readonly name: string; readonly on: string }> {
    const name = `auditor-${randomUUID()}`;
    const config = {
      name,
      ack_policy: 'none',
      deliver_policy: 'by_start_sequence',
      opt_start_seq: from,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: INACTIVE_MS * NANOSECONDS_PER_MS,
    };
    const body = JSON.stringify({ stream_name: stream, config, action: 'create' });
    const subject = `${api}.CONSUMER.CREATE.${stream}.${name}`;
    const reply: unknown = (await nc.request(subject, body, { timeout: DEADLINE_MS })).json();
    if (!CreateReply.Check(reply)) throw new Fault('no reader could be made');
    return { name, on: reply.cluster.leader };
  }

  /** Best effort: the server deletes it itself after a while. */
  async function remove(name: string): Promise<void> {
    const subject = `${api}.CONSUMER.DELETE.${stream}.${name}`;
    await nc.request(subject, '', { timeout: DEADLINE_MS }).catch(() => undefined);
  }

  return async (server, from, signal) => {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      signal.throwIfAborted();
      const { name, on } = await create(from);
      if (on !== server) {
        await remove(name);
        continue;
      }
      let buffer: readonly CopyRecord[] = [];
      return {
        readUpTo: async (position, end) => {
          while ((buffer.at(-1)?.position ?? 0) < position) {
            const records = await pull({ nc, stream, user }, name, end);
            buffer = [...buffer, ...records];
            if (records.length < BATCH) break;
          }
          const wanted = buffer.filter((record) => record.position <= position);
          buffer = buffer.slice(wanted.length);
          return wanted;
        },
        [Symbol.asyncDispose]: () => remove(name),
      };
    }
    throw new Fault(`no reader came to lie on ${server}`);
  };
}

/** Asks for the next records. Fewer than a batch: the copy has no more. */
async function pull(
  { nc, stream, user }: CopyConnection,
  name: string,
  signal: AbortSignal,
): Promise<readonly CopyRecord[]> {
  const inbox = createInbox(inboxPrefix(user));
  const subject = `${apiPrefix(user)}.CONSUMER.MSG.NEXT.${stream}.${name}`;
  const openingEndsAt = performance.now() + OPENING_MS;
  const answer = Promise.withResolvers<readonly CopyRecord[]>();
  const records: CopyRecord[] = [];
  const request = () => {
    nc.publish(subject, JSON.stringify({ batch: BATCH, no_wait: true }), { reply: inbox });
  };
  const onMessage = (message: Msg): void => {
    if (message.subject !== inbox) {
      records.push(toCopyRecord(message));
      if (records.length === BATCH) answer.resolve(records);
      return;
    }
    const code = message.headers?.code ?? 0;
    if (code === STATUS.noMessages || code === STATUS.expired) return answer.resolve(records);
    const isOpening = records.length === 0 && performance.now() < openingEndsAt;
    if (code !== STATUS.noResponders || !isOpening) {
      return answer.reject(new Fault(`the reader ended with status ${code}`));
    }
    delay(OPENING_PAUSE_MS, signal).then(request, answer.reject);
  };
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => (error ? answer.reject(error) : onMessage(message)),
  });
  const late = setTimeout(() => answer.reject(new Fault('the reader is late')), DEADLINE_MS);
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
function toCopyRecord(message: Msg): CopyRecord {
  const tokens = (message.reply ?? '').split('.');
  const start = tokens.length >= 11 ? 7 : 5;
  const position = Number(tokens[start]);
  const storedAtMs = Number(tokens[start + 2]) / NANOSECONDS_PER_MS;
  if (!Number.isSafeInteger(position)) throw new Fault('a delivery has no position');
  const lifetime = message.headers?.get('Nats-TTL') ?? '';
  const endsAtMs = storedAtMs + Number.parseInt(lifetime, 10) * 1_000;
  return {
    position,
    digest: createHash('sha256')
      .update(message.subject)
      .update('\0')
      .update(message.data)
      .digest('base64'),
    // Without a lifetime the comparison is with NaN, and false.
    isEnding: endsAtMs - Date.now() < ENDING_MS,
  };
}
