import { inboxPrefix } from '@zameni/contracts';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { leaveCutOffServer } from './leave-cut-off-server.ts';
import { createReadLogServers } from '../servers/states.ts';
import { createReadStreamInfo } from '../servers/stream-info.ts';

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

/** Milliseconds to ask whether the log can still be reached. */
const LOOK_DEADLINE_MS = 1_500;

/** Milliseconds until a server that does not greet counts as away. A frozen one still accepts. */
const CONNECT_DEADLINE_MS = 2_000;

/**
 * A server that answers none of two pings is given up, and the connection goes to another one. So a
 * frozen server costs its clients less than a second.
 */
const PING_MS = 300;
const MAX_PINGS_OUT = 2;

/**
 * Connects to NATS, for what ends soon. Reconnects forever with jitter. Replies arrive under the
 * user's own prefix.
 */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  return connectInOrder(options, { noRandomize: false });
}

/** Connects a service to any server, and to another one when that is cut off from the others. */
export async function connectNatsAnywhere(
  options: NatsOptions,
  stream: string,
): Promise<NatsConnection> {
  return leaveWhenCutOff(await connectNats(options), { stream, user: options.user });
}

/**
 * Connects to the server that leads a stream, or to any server if the leader cannot be found. Each
 * message of an append then arrives where it is stored, without a way between two servers. After
 * the loss of that server, or when it is cut off from the others, the connection goes to any other.
 */
export async function connectNatsNearLeader(
  options: NatsOptions,
  stream: string,
): Promise<NatsConnection> {
  return leaveWhenCutOff(await connectToLeader(options, stream), { stream, user: options.user });
}

function leaveWhenCutOff(
  nc: NatsConnection,
  which: { readonly stream: string; readonly user: string },
): NatsConnection {
  const look = createReadStreamInfo(nc, { ...which, deadlineMs: LOOK_DEADLINE_MS });
  void leaveCutOffServer(nc, { look });
  return nc;
}

async function connectToLeader(options: NatsOptions, stream: string): Promise<NatsConnection> {
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
    timeout: CONNECT_DEADLINE_MS,
    pingInterval: PING_MS,
    maxPingOut: MAX_PINGS_OUT,
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
