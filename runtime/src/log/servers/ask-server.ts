import { connect, type NatsConnection } from '@nats-io/transport-node';
import { inboxPrefix, type ServerReport, serverReportSubject } from '@zameni/contracts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../errors.ts';

/** One server of the log, and the user who may ask it about itself. */
export type WatchedServer = {
  /** host:port of its clients. */
  readonly address: string;
  readonly user: string;
  readonly password: string;
};

/** What a server said of itself. */
export type ServerAnswer = {
  readonly name: string;
  /** Another one after each start of the server. */
  readonly id: string;
  readonly data: unknown;
};

/** Milliseconds until a server that does not greet, or does not answer, counts as silent. */
const DEADLINE_MS = 2_000;

const Answer = Compile(
  Type.Object({
    server: Type.Object({ name: Type.String(), id: Type.String() }),
    data: Type.Unknown(),
  }),
);

const Health = Compile(
  Type.Object({ status_code: Type.Integer(), error: Type.Optional(Type.String()) }),
);

/**
 * Asks a server about itself. Rejects if that very server does not answer in time; no other server
 * answers in its place. Each question has a connection of its own, so nothing is left of the last
 * one: not with a server that was frozen, started again, or is cut off from the others. It takes
 * some two milliseconds.
 */
export async function askServer(
  server: WatchedServer,
  report: ServerReport,
  options: object,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  const { address, user, password } = server;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const connecting = connect({
    servers: [address],
    user,
    pass: password,
    name: 'question',
    inboxPrefix: inboxPrefix(user),
    timeout: DEADLINE_MS,
    reconnect: false,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
  });
  try {
    return await Promise.race([aborted.promise, connecting.then((nc) => ask(nc, report, options))]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // A connection that comes after the end of the signal is closed too.
    connecting.then((nc) => nc.close()).catch(() => undefined);
  }
}

async function ask(
  nc: NatsConnection,
  report: ServerReport,
  options: object,
): Promise<ServerAnswer> {
  // A server tells its id to those connected to it. Requests with it go to no other server.
  const subject = serverReportSubject(nc.info?.server_id ?? '', report);
  const reply = await nc.request(subject, JSON.stringify(options), { timeout: DEADLINE_MS });
  const answer: unknown = reply.json();
  if (!Answer.Check(answer)) throw new Fault('a server reports in an unknown form');
  return { ...answer.server, data: answer.data };
}

/** Rejects with the reason if a server does not call itself healthy, or does not answer. */
export async function assertHealthyServer(
  server: WatchedServer,
  signal: AbortSignal,
): Promise<void> {
  const { data } = await askServer(server, 'HEALTHZ', {}, signal);
  if (!Health.Check(data)) throw new Fault('a server reports in an unknown form');
  if (data.status_code !== 200) throw new Fault(data.error ?? `health ${data.status_code}`);
}
