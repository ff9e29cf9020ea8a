import { inboxPrefix } from '@zameni/contracts';
import { connect, type NatsConnection } from '@nats-io/transport-node';

export type { NatsConnection } from '@nats-io/transport-node';

/** NATS servers and login. */
export type NatsOptions = {
  /** host:port of each server. */
  readonly servers: readonly string[];
  readonly user: string;
  readonly password: string;
  /** Shown in the servers' reports. */
  readonly name: string;
};

/** Connects to NATS. Reconnects forever with jitter. Replies arrive under the user's own prefix. */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  return connect({
    servers: [...options.servers],
    user: options.user,
    pass: options.password,
    name: options.name,
    inboxPrefix: inboxPrefix(options.user),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    timeout: 5_000,
    pingInterval: 2_000,
    maxPingOut: 2,
    ignoreAuthErrorAbort: true,
  });
}
