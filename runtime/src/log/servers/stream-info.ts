import type { NatsConnection } from '@nats-io/transport-node';
import { apiPrefix } from '@zameni/contracts';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../errors.ts';

/** What the servers say about the stream of the log, in the server's form. */
const StreamInfo = Type.Object({
  config: Type.Object({
    max_bytes: Type.Optional(Type.Integer()),
    metadata: Type.Optional(Type.Record(Type.String(), Type.String())),
  }),
  state: Type.Object({
    last_seq: Type.Integer(),
    bytes: Type.Integer(),
    subjects: Type.Optional(Type.Record(Type.String(), Type.Integer())),
  }),
  // A single server has no cluster.
  cluster: Type.Optional(
    Type.Object({
      leader: Type.Optional(Type.String()),
      replicas: Type.Optional(
        Type.Array(
          Type.Object({
            name: Type.String(),
            current: Type.Boolean(),
            offline: Type.Optional(Type.Boolean()),
            active: Type.Integer({ description: 'Nanoseconds since it was last heard of' }),
          }),
        ),
      ),
    }),
  ),
});

/** What the servers say about the stream of the log, in the server's form. */
export type StreamInfo = Static<typeof StreamInfo>;

const InfoReply = Compile(StreamInfo);

const ErrorReply = Compile(
  Type.Object({ error: Type.Object({ err_code: Type.Optional(Type.Integer()) }) }),
);

/** A server answered that does not lead, or that cannot know whether it still leads. */
export class LeaderlessError extends Error {
  override readonly name = 'LeaderlessError';
}

/** The stream, the user who asks, and the deadline of one request. */
export type StreamInfoOptions = {
  readonly stream: string;
  readonly user: string;
  readonly deadlineMs: number;
};

/** Asks the leader about the stream. With a filter it counts the records of matching subjects. */
export type ReadStreamInfo = (signal: AbortSignal, filter?: string) => Promise<StreamInfo>;

/**
 * Milliseconds without a message from a server after which the leader cannot count on it. Servers
 * send one each second, and no other server is elected sooner than four seconds after the last
 * message of the leader (nats-server 2.15, `minElectionTimeout`).
 */
const UNHEARD_MS = 3_500;
const NANOSECONDS_PER_MS = 1_000_000;

/**
 * Creates the one way to ask about the stream. A server that sees no leader answers from its own
 * store, and one that was deposed answers until it knows. Either may lack what is acknowledged, so
 * an answer counts only from a leader that has heard of a majority lately. Everything else is a
 * LeaderlessError. The worse failure is "not there" for an accepted record.
 */
export function createReadStreamInfo(
  nc: NatsConnection,
  { stream, user, deadlineMs }: StreamInfoOptions,
): ReadStreamInfo {
  const subject = `${apiPrefix(user)}.STREAM.INFO.${stream}`;
  return async (signal, filter) => {
    signal.throwIfAborted();
    const body = filter === undefined ? '' : JSON.stringify({ subjects_filter: filter });
    const reply: unknown = (await nc.request(subject, body, { timeout: deadlineMs })).json();
    if (ErrorReply.Check(reply)) {
      throw new Fault(`JetStream error ${reply.error.err_code ?? 'without code'}`);
    }
    if (!InfoReply.Check(reply)) throw new Fault('the information on a stream is not of our form');
    assertLed(reply);
    return reply;
  };
}

function assertLed({ cluster }: StreamInfo): void {
  if (cluster === undefined) return;
  const { leader, replicas = [] } = cluster;
  if (!leader) throw new LeaderlessError('no server leads the log');
  const heard = replicas.filter(
    ({ offline, active }) => offline !== true && active <= UNHEARD_MS * NANOSECONDS_PER_MS,
  );
  // The leader counts for itself and is not among the replicas.
  if (2 * (heard.length + 1) > replicas.length + 1) return;
  throw new LeaderlessError('the leader of the log has not heard of a majority');
}
