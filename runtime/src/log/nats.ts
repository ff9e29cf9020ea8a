import { inboxPrefix } from '@zameni/contracts';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createReadLogServers } from './servers.ts';

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

/** Milliseconds to ask who leads the stream. */
const LEADER_DEADLINE_MS = 3_000;

/** Connects to NATS. Reconnects forever with jitter. Replies arrive under the user's own prefix. */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  return connectInOrder(options, { noRandomize: false });
}

/**
 * Connects to the server that leads a stream, or to any server if the leader cannot be found. Each
 * message of an append then arrives where it is stored, without a way between two servers. After
 * the loss of that server the connection goes to any other.
 */
export async function connectNatsNearLeader(
  options: NatsOptions,
  stream: string,
): Promise<NatsConnection> {
  const first = await connectNats(options);
  const leader = await readLeader(first, { stream, user: options.user });
  if (leader === undefined || first.info?.server_name === leader) return first;
  for (const server of options.servers) {
    // A server names itself only to those connected to it.
    const servers = [server, ...options.servers.filter((other) => other !== server)];
    const near = await connectInOrder({ ...options, servers }, { noRandomize: true }).catch(
      () => undefined,
    );
    if (near?.info?.server_name === leader) {
      await first.close();
      return near;
    }
    await near?.close();
  }
  return first;
}

function connectInOrder(
  { servers, user, password, name }: NatsOptions,
  order: { readonly noRandomize: boolean },
): Promise<NatsConnection> {
  return connect({
    ...order,
    servers: [...servers],
    user,
    pass: password,
    name,
    inboxPrefix: inboxPrefix(user),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    timeout: 5_000,
    pingInterval: 2_000,
    maxPingOut: 2,
    ignoreAuthErrorAbort: true,
    // A stack trace for each request took 2 % of the command API.
    noAsyncTraces: true,
  });
}

async function readLeader(
  nc: NatsConnection,
  which: { readonly stream: string; readonly user: string },
): Promise<string | undefined> {
  try {
    return (await createReadLogServers(nc, which)(AbortSignal.timeout(LEADER_DEADLINE_MS))).leader;
  } catch {
    return undefined;
  }
}
