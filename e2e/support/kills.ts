import { connect } from 'node:net';
import { askServer, type WatchedServer, watchedServers } from '@zameni/runtime';
import { readTestStack, type Stack, waitUntil } from '@zameni/runtime/testing';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

/** A killed process and the time until its replacement listened, if it listens. */
export type Kill = { readonly name: string; readonly atMs: number; readonly backAfterMs: number };

/** Milliseconds until two servers agree on a leader. */
const LEADER_DEADLINE_MS = 5_000;

/** The part of a NATS server's report on JetStream that names the leader of a stream. */
const StreamReport = Type.Object({
  account_details: Type.Array(
    Type.Object({
      stream_detail: Type.Array(
        Type.Object({ name: Type.String(), cluster: Type.Object({ leader: Type.String() }) }),
      ),
    }),
  ),
});

/** Kills a process. Resolves when its replacement listens. */
export async function kill(name: string, startedAt: number): Promise<Kill> {
  const stack = await readTestStack();
  const pid = stack.pids[name];
  const port = portOf(stack, name);
  if (pid === undefined) throw new Error(`${name} is not running`);
  const atMs = performance.now() - startedAt;
  process.kill(pid, 'SIGKILL');
  await waitUntil(async () => (await readTestStack()).pids[name] !== pid);
  // The keeper of the attempt keys listens nowhere.
  if (port !== undefined) await waitUntil(() => accepts(port));
  return { name, atMs, backAfterMs: performance.now() - startedAt - atMs };
}

/** The server that leads the log's stream as two servers see it, or any server if there is none. */
export async function findLeader(stack: Stack): Promise<string> {
  let leader: string | undefined;
  await waitUntil(async () => {
    const seen = await Promise.all(watchedServers(stack).map(leaderSeenBy));
    // One server alone may not have heard of the last election.
    leader = seen.find((one, n) => one !== undefined && seen.indexOf(one) < n);
    return leader !== undefined;
  }, LEADER_DEADLINE_MS).catch(() => undefined);
  return leader === undefined ? 'nats-1' : `nats-${leader.slice(1)}`;
}

async function leaderSeenBy(server: WatchedServer): Promise<string | undefined> {
  const report = await readReport(server);
  if (!Value.Check(StreamReport, report)) return undefined;
  const streams = report.account_details.flatMap(({ stream_detail }) => stream_detail);
  return streams.find(({ name }) => name === 'ACCOUNTS')?.cluster.leader;
}

async function readReport(server: WatchedServer): Promise<unknown> {
  try {
    const signal = AbortSignal.timeout(2_000);
    return (await askServer(server, 'JSZ', { streams: true }, signal)).data;
  } catch {
    // This server still recovers. Another one may know.
    return undefined;
  }
}

function portOf({ services, nats, ...stack }: Stack, name: string): number | undefined {
  const service = services.find((one) => one.name === name);
  if (service !== undefined) return service.port;
  const server = /^nats-(\d)$/.exec(name)?.[1];
  if (server !== undefined) return Number(nats.servers[Number(server) - 1]?.split(':')[1]);
  const ports: Record<string, number> = {
    gateway: stack.gateway.port,
    redis: stack.redis.cache.port,
    'redis-counters': stack.redis.counters.port,
    pgbouncer: stack.pgbouncer.port,
    'postgres-primary': stack.postgres.primary.port,
    'postgres-replica': stack.postgres.replica.port,
  };
  return ports[name];
}

async function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: '127.0.0.1', port });
  socket.setTimeout(1_000, () => resolve(false));
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
