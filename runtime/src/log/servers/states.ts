import type { NatsConnection } from '@nats-io/transport-node';
import { createReadStreamInfo } from './stream-info.ts';

/** States of the log's servers, by name, as the leader sees them. */
export type LogServers = {
  /** The last position of the log as the leader knows it, to detect a stale leader. */
  readonly head: number;
  readonly leader: string | undefined;
  /** All servers that hold the log. */
  readonly names: readonly string[];
  /**
   * Servers that the leader has not heard of recently. They may keep deleted records permanently.
   */
  readonly silent: readonly string[];
  /** Servers that the leader hears of but that are behind it. Under load this changes often. */
  readonly catchingUp: readonly string[];
};

/** Asks the leader for the states of the log's servers. */
export type ReadLogServers = (signal: AbortSignal) => Promise<LogServers>;

/** Milliseconds without a message after which a server counts as silent. One is due each second. */
const SILENT_MS = 5_000;
const REQUEST_DEADLINE_MS = 3_000;
const NANOSECONDS_PER_MS = 1_000_000;

/** Reads the states of the servers from the stream's information, which needs a permission. */
export function createReadLogServers(
  nc: NatsConnection,
  { stream, user }: { readonly stream: string; readonly user: string },
): ReadLogServers {
  const read = createReadStreamInfo(nc, { stream, user, deadlineMs: REQUEST_DEADLINE_MS });
  return async (signal) => {
    const { state, cluster } = await read(signal);
    const replicas = cluster?.replicas ?? [];
    const isSilent = ({ offline, active }: (typeof replicas)[number]) =>
      offline === true || active > SILENT_MS * NANOSECONDS_PER_MS;
    return {
      head: state.last_seq,
      leader: cluster?.leader,
      names: [cluster?.leader ?? [], replicas.map(({ name }) => name)].flat(),
      silent: replicas.filter(isSilent).map(({ name }) => name),
      catchingUp: replicas
        .filter((replica) => !isSilent(replica) && !replica.current)
        .map(({ name }) => name),
    };
  };
}
