import type { NatsConnection } from '@nats-io/transport-node';
import { apiPrefix } from '@zameni/contracts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** How the servers of the log stand beside the leader, by name, as the leader sees them. */
export type LogServers = {
  /** The last position of the log, to tell a leader that does not know better yet. */
  readonly head: number;
  readonly leader: string | undefined;
  /** Not heard of for a while: what is deleted now they may keep for ever. */
  readonly silent: readonly string[];
  /** Heard of, and not yet where the leader is; under load a server comes and goes here. */
  readonly catchingUp: readonly string[];
};

/** Asks the leader how the servers of the log stand. */
export type ReadLogServers = (signal: AbortSignal) => Promise<LogServers>;

/** Milliseconds without a word after which a server counts as silent; it speaks every second. */
const SILENT_MS = 5_000;
const REQUEST_DEADLINE_MS = 3_000;
const NANOSECONDS_PER_MS = 1_000_000;

const InfoReply = Compile(
  Type.Object({
    state: Type.Object({ last_seq: Type.Integer() }),
    // A server alone has no cluster.
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
  }),
);

/** Reads the standing of the servers from the stream's information, for a user who may have it. */
export function createReadLogServers(
  nc: NatsConnection,
  { stream, user }: { readonly stream: string; readonly user: string },
): ReadLogServers {
  const subject = `${apiPrefix(user)}.STREAM.INFO.${stream}`;
  return async (signal) => {
    signal.throwIfAborted();
    const reply: unknown = (await nc.request(subject, '', { timeout: REQUEST_DEADLINE_MS })).json();
    if (!InfoReply.Check(reply)) throw new Error('the information on a stream is not of our form');
    const replicas = reply.cluster?.replicas ?? [];
    const isSilent = ({ offline, active }: (typeof replicas)[number]) =>
      offline === true || active > SILENT_MS * NANOSECONDS_PER_MS;
    return {
      head: reply.state.last_seq,
      leader: reply.cluster?.leader,
      silent: replicas.filter(isSilent).map(({ name }) => name),
      catchingUp: replicas
        .filter((replica) => !isSilent(replica) && !replica.current)
        .map(({ name }) => name),
    };
  };
}
