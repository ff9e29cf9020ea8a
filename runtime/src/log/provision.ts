import { ACCOUNTS_STREAM } from '@zameni/contracts';
import { JetStreamApiError, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { toMetadata } from './watch/incarnation.ts';

/** Code of "stream not found". */
const STREAM_NOT_FOUND = 10059;

/**
 * Returns the stream's configuration in the server's form. Tests may use other names and subjects.
 */
export function toStreamConfig(
  name: string = ACCOUNTS_STREAM.name,
  subjects: readonly string[] = ACCOUNTS_STREAM.subjects,
): Partial<StreamConfig> & { name: string } {
  return {
    name,
    subjects: [...subjects],
    storage: ACCOUNTS_STREAM.storage,
    retention: ACCOUNTS_STREAM.retention,
    discard: ACCOUNTS_STREAM.discard,
    num_replicas: ACCOUNTS_STREAM.num_replicas,
    allow_atomic: ACCOUNTS_STREAM.allow_atomic,
    allow_direct: ACCOUNTS_STREAM.allow_direct,
    allow_msg_ttl: ACCOUNTS_STREAM.allow_msg_ttl,
    deny_purge: ACCOUNTS_STREAM.deny_purge,
    deny_delete: ACCOUNTS_STREAM.deny_delete,
    max_msg_size: ACCOUNTS_STREAM.max_msg_size,
    duplicate_window: nanos(ACCOUNTS_STREAM.duplicate_window_seconds * 1_000),
  };
}

/**
 * Share of a server's free disk space that the log may take. The rest is for the servers' own logs
 * and for an operator who has to act.
 */
const LOG_SHARE = 0.75;

/**
 * Creates the stream of the log with a new incarnation, or updates an existing one, which keeps its
 * own. Needs user `admin`. `freeBytes` is the
 * free disk space of each server and gives the log a bound. Beyond the bound only appends are
 * refused, while a full disk would stop the servers.
 */
export async function provisionStream(
  nc: NatsConnection,
  config = toStreamConfig(),
  freeBytes?: number,
): Promise<void> {
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 10_000 });
  const toConfig = (heldBytes: number, held: StreamConfig['metadata'] = {}) => ({
    ...config,
    metadata: toMetadata(held),
    ...(freeBytes === undefined
      ? {}
      : { max_bytes: Math.floor(heldBytes + freeBytes * LOG_SHARE) }),
  });
  try {
    const { state, config: held } = await jsm.streams.info(config.name);
    await jsm.streams.update(config.name, toConfig(state.bytes, held.metadata));
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NOT_FOUND) throw error;
    await jsm.streams.add(toConfig(0));
  }
}
