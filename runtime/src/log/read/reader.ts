import { EVERY_SUBJECT } from '@zameni/contracts';
import { type Consumer, createConsumer, type StreamConnection } from './consumer.ts';
import type { TimedRecord, ReadOptions } from '../event-log.ts';
import { LogReadError, startPull } from './pull.ts';
import { type ReadNext, readFromLeader } from './read-from-leader.ts';

export { LogReadError } from './pull.ts';

/** What a reader reads from. */
export type ReaderConnection = StreamConnection & {
  /** The subject on which records arrive. */
  readonly inbox: string;
  /** Whether the copy of a server is to be read. Each is, if it is left out. */
  readonly isTrusted: ((server: string) => boolean) | undefined;
  /** Reads from the leader, if this user may. */
  readonly readNext: ReadNext | undefined;
};

/**
 * Milliseconds to make a consumer. It lies on any server, and a frozen one does not say that it has
 * it. Then another one is made, a few times. The server deletes those that nobody uses. Between two
 * tries the leader is read, because nobody makes consumers while the server is frozen that leads
 * JetStream, until another one is elected.
 */
const CREATION_DEADLINE_MS = 600;
const MAX_LATE = 8;
const LEADER_MS = 1_000;

/** Consumers made at most until one lies on a server whose copy is trusted. */
const MAX_TRIES = 20;

/**
 * Yields records in the order of the log, in batches, until the signal aborts. It reads through an
 * ephemeral pull consumer without acknowledgements. Throws LogReadError if a record may be missing.
 * The library's own consumer requests records however slow its reader is; the pull bounds its
 * buffer instead. The consumer reads the copy of the server on which it lies, and ends when that copy
 * is not trusted any more. While no consumer can be made, records are read from the leader.
 */
export async function* readBatches(
  connection: ReaderConnection,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly TimedRecord[]> {
  const { nc, inbox, readNext, isTrusted = () => true } = connection;
  const [filter = EVERY_SUBJECT, ...others] = options.filters;
  const mayRead = others.length === 0 && readNext !== undefined;
  let { after } = options;
  let made: Consumer | undefined;
  for (let late = 0; made === undefined; late += 1) {
    if (late > MAX_LATE) throw new LogReadError('no consumer can be made');
    made = await createTrusted(connection, { ...options, after }, isTrusted);
    if (made !== undefined || !mayRead) continue;
    const { maxRecords, maxBytes } = options;
    const span = { filter, after, maxRecords, maxBytes, forMs: LEADER_MS };
    for await (const batch of readFromLeader(readNext, span, signal)) {
      yield batch;
      after = batch.at(-1)?.position ?? after;
    }
    if (signal.aborted) return;
  }
  const { server, requestSubject, group } = made;
  const pull = startPull({
    nc,
    requestSubject,
    group,
    inbox,
    maxRecords: options.maxRecords,
    maxBytes: options.maxBytes,
    signal,
  });
  try {
    while (!signal.aborted) {
      const batch = await pull.next();
      if (!isTrusted(server)) throw new LogReadError(`the copy of ${server} is not trusted`);
      if (batch.length > 0) yield batch;
    }
  } finally {
    pull[Symbol.dispose]();
    await made.remove();
  }
}

/** Returns undefined if no server says that it has the consumer. */
async function createTrusted(
  connection: ReaderConnection,
  { after, filters }: ReadOptions,
  isTrusted: (server: string) => boolean,
): Promise<Consumer | undefined> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const options = { from: after + 1, filters, deadlineMs: CREATION_DEADLINE_MS };
    const made = await createConsumer(connection, options);
    if (made === undefined || isTrusted(made.server)) return made;
    await made.remove();
  }
  throw new LogReadError('no copy of the log is trusted');
}
