import type { NatsConnection, ServerInfo } from '@nats-io/transport-node';
import { delay } from '../../async/retry.ts';
import { Fault } from '../../errors.ts';

/** How to find out whether the log can be reached, and how long it may not be. */
export type LeavingOptions = {
  /** Rejects if no leader answers who hears of a majority. */
  readonly look: (signal: AbortSignal) => Promise<unknown>;
  readonly lookMs?: number;
  readonly patienceMs?: number;
};

const LOOK_MS = 1_000;

/** Milliseconds without the log until the server is left; up to twice as long, by chance. */
const PATIENCE_MS = 2_500;

/**
 * Leaves a server that is cut off from the others. It answers pings, so the client library would
 * stay, and near the leader that would be every process: registration would stop although the others
 * have elected another leader. While there is no leader anywhere, the connection moves in vain, which
 * costs little. Ends with the connection.
 */
export async function leaveCutOffServer(
  nc: Pick<NatsConnection, 'closed' | 'reconnect'> & {
    readonly info?: Pick<ServerInfo, 'server_name'> | undefined;
  },
  { look, lookMs = LOOK_MS, patienceMs = PATIENCE_MS }: LeavingOptions,
): Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;
  void nc.closed().then(() => ending.abort(new Fault('the connection is closed')));
  let patience = patienceMs;
  let left: string | undefined;
  let answeredAt = performance.now();
  while (!signal.aborted) {
    try {
      await delay(lookMs, signal);
      await look(signal);
      answeredAt = performance.now();
      left = undefined;
    } catch {
      const server = nc.info?.server_name;
      // The library may have chosen the same one again.
      const isBack = server !== undefined && server === left;
      const isSoon = performance.now() - answeredAt < patience;
      if (signal.aborted || (isSoon && !isBack)) continue;
      left = server;
      patience = patienceMs * (1 + Math.random());
      answeredAt = performance.now();
      // It fails only if the connection has just been closed.
      await nc.reconnect().catch(() => undefined);
    }
  }
}
