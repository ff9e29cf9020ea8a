import { randomBytes, randomInt } from 'node:crypto';
import { type NatsConnection, nanos, TimeoutError } from '@nats-io/transport-node';
import { apiPrefix, consumerNames } from '@zameni/contracts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../errors.ts';

/** The connection of a user to a stream. */
export type StreamConnection = {
  readonly nc: NatsConnection;
  readonly stream: string;
  readonly user: string;
};

/** The position to start at, filters (none: all records), and the time for it to be made. */
export type ConsumerOptions = {
  readonly from: number;
  readonly filters: readonly string[];
  readonly deadlineMs: number;
  /**
   * False: requests of an earlier consumer of the same name are not refused, so its reader must check
   * the numbers of deliveries. With a group, the end of a copy with a record that its server cannot
   * read may not be told.
   */
  readonly hasGroup?: boolean;
};

/** A consumer of this process. */
export type Consumer = {
  /** The server whose copy it reads. */
  readonly server: string;
  /** The subject on which it takes requests for records. */
  readonly requestSubject: string;
  /** Part of each request. A later consumer of the same name has another one, and refuses. */
  readonly group: string | undefined;
  /** Best effort: the server deletes it itself after a while. */
  readonly remove: () => Promise<void>;
};

/** Milliseconds after which the server deletes a consumer that gets no requests. */
const INACTIVE_MS = 30_000;

const REMOVAL_DEADLINE_MS = 600;

/** Random bytes of a group and of a description: sixteen characters, as many as a group takes. */
const RANDOM_BYTES = 12;

/** JetStream's error codes: it has no leader, and another consumer has the name (errors.json). */
const LEADERLESS = 10008;
const NAME_TAKEN = 10148;

const Reply = Compile(
  Type.Object({
    cluster: Type.Optional(Type.Object({ leader: Type.Optional(Type.String()) })),
    error: Type.Optional(Type.Object({ err_code: Type.Optional(Type.Integer()) })),
  }),
);

/**
 * Makes a consumer with one replica, which lives on one server and reads that server's copy, under
 * a free name of the user. Returns undefined if none is made in time, nobody leads JetStream, or all
 * names are taken: consumers that nobody uses any more keep theirs for a while.
 *
 * A name that is free again may get another consumer. Requests for the old one are refused then,
 * because they name its group, so no record goes to the reader of the old one.
 */
export async function createConsumer(
  { nc, stream, user }: StreamConnection,
  { from, filters: [first, ...others], deadlineMs, hasGroup = true }: ConsumerOptions,
): Promise<Consumer | undefined> {
  const api = apiPrefix(user);
  const group = hasGroup ? randomBytes(RANDOM_BYTES).toString('base64url') : undefined;
  const single = others.length === 0 ? first : undefined;
  const common = {
    ack_policy: 'none',
    deliver_policy: 'by_start_sequence',
    opt_start_seq: from,
    mem_storage: true,
    num_replicas: 1,
    // Makes the configuration unique. JetStream answers a create request with the same name and
    // configuration by the consumer that exists, and two readers would share it.
    description: randomBytes(RANDOM_BYTES).toString('base64url'),
    inactive_threshold: nanos(INACTIVE_MS),
    ...(group === undefined ? {} : { priority_policy: 'overflow', priority_groups: [group] }),
    ...(single === undefined ? {} : { filter_subject: single }),
    ...(others.length === 0 ? {} : { filter_subjects: [first, ...others] }),
  };
  // A single filter is part of the subject, where permissions can check it.
  const suffix = single === undefined ? '' : `.${single}`;
  for (const name of shuffle(consumerNames(user))) {
    const body = { stream_name: stream, config: { ...common, name }, action: 'create' };
    const subject = `${api}.CONSUMER.CREATE.${stream}.${name}${suffix}`;
    const reply = await nc
      .request(subject, JSON.stringify(body), { timeout: deadlineMs })
      .catch((error: unknown) => {
        if (error instanceof TimeoutError) return undefined;
        throw error;
      });
    const answer: unknown = reply?.json();
    if (answer === undefined) return undefined;
    if (!Reply.Check(answer)) throw new Fault('a consumer is described in an unknown form');
    const code = answer.error?.err_code;
    if (code === NAME_TAKEN) continue;
    if (code === LEADERLESS) return undefined;
    if (answer.error !== undefined) throw new Fault(`JetStream refuses a consumer (${code})`);
    return {
      server: answer.cluster?.leader ?? '',
      requestSubject: `${api}.CONSUMER.MSG.NEXT.${stream}.${name}`,
      group,
      remove: async () => {
        const removal = `${api}.CONSUMER.DELETE.${stream}.${name}`;
        await nc.request(removal, '', { timeout: REMOVAL_DEADLINE_MS }).catch(() => undefined);
      },
    };
  }
  return undefined;
}

/** The names, beginning at a random one: most are free. */
function shuffle(names: readonly string[]): readonly string[] {
  const start = randomInt(names.length);
  return [...names.slice(start), ...names.slice(0, start)];
}
