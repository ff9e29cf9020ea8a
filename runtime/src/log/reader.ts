import { randomUUID } from 'node:crypto';
import { EVERY_SUBJECT } from '@zameni/contracts';
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos, TimeoutError } from '@nats-io/transport-node';
import type { TimedRecord, ReadOptions } from './event-log.ts';
import { LogReadError, startPull } from './pull.ts';
import { type ReadNext, readFromLeader } from './read-from-leader.ts';

export { LogReadError } from './pull.ts';

/** Milliseconds after which the server deletes a consumer that gets no requests. */
const INACTIVE_MS = 30_000;

/** What a reader reads from. */
export type ReaderConnection = {
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  /** First part of the subjects of JetStream's API for this user. */
  readonly api: string;
  readonly stream: string;
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
export const CREATION_DEADLINE_MS = 600;
const MAX_LATE = 8;
const LEADER_MS = 1_000;

/** JetStream's error code while it has no leader (server errors.json). */
const LEADERLESS = 10008;

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
  const { nc, jsm, api, stream, inbox, readNext, isTrusted = () => true } = connection;
  const [filter = EVERY_SUBJECT, ...others] = options.filters;
  const mayRead = others.length === 0 && readNext !== undefined;
  let { after } = options;
  let made: Consumer | undefined;
  for (let late = 0; made === undefined; late += 1) {
    if (late > MAX_LATE) throw new LogReadError('no consumer can be made');
    made = await createConsumer(connection, { ...options, after }, isTrusted);
    if (made !== undefined || !mayRead) continue;
    const { maxRecords, maxBytes } = options;
    const span = { filter, after, maxRecords, maxBytes, forMs: LEADER_MS };
    for await (const batch of readFromLeader(readNext, span, signal)) {
      yield batch;
      after = batch.at(-1)?.position ?? after;
    }
    if (signal.aborted) return;
  }
  const { name, server } = made;
  const pull = startPull({
    nc,
    requestSubject: `${api}.CONSUMER.MSG.NEXT.${stream}.${name}`,
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
    // Best effort: the server deletes the consumer itself after INACTIVE_MS.
    await jsm.consumers.delete(stream, name).catch(() => false);
  }
}

type Consumer = { readonly name: string; readonly server: string };

/** Returns undefined if no server says that it has the consumer. */
async function createConsumer(
  { jsm, stream }: ReaderConnection,
  options: ReadOptions,
  isTrusted: (server: string) => boolean,
): Promise<Consumer | undefined> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    // The name of a consumer is enough to pull from it, so the name must not be guessable.
    const name = `reader-${randomUUID()}`;
    const adding = jsm.consumers.add(stream, {
      name,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: options.after + 1,
      ...toFilter(options.filters),
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(INACTIVE_MS),
    });
    const added = await adding.catch((error: unknown) => {
      if (error instanceof TimeoutError || isLeaderless(error)) return undefined;
      throw error;
    });
    if (added === undefined) return undefined;
    const server = added.cluster?.leader ?? '';
    if (isTrusted(server)) return { name, server };
    await jsm.consumers.delete(stream, name).catch(() => false);
  }
  throw new LogReadError('no copy of the log is trusted');
}

/** Whether nobody leads JetStream. */
function isLeaderless(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === LEADERLESS;
}

/** A single filter becomes part of the request's subject, where permissions can check it. */
function toFilter([first, ...others]: readonly string[]) {
  if (first === undefined) return {};
  return others.length === 0 ? { filter_subject: first } : { filter_subjects: [first, ...others] };
}
