import { ACCOUNTS_STREAM } from '@zameni/contracts';
import {
  connectNats,
  createJetStreamLog,
  type EventLog,
  type NatsConnection,
  readSecret,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/testing';

/** The log of a stack, opened as its NATS admin, who may read everything. */
export type AdminLog = AsyncDisposable & {
  readonly log: EventLog;
  readonly nc: NatsConnection;
};

/** Connects to the log. The servers' reports show `name`. */
export async function openAdminLog({ nats }: Stack, name: string): Promise<AdminLog> {
  const login = nats.users['admin'];
  if (login === undefined) throw new Error('the stack has no NATS user admin');
  const nc = await connectNats({
    servers: nats.servers,
    user: login.user,
    password: readSecret(login.passwordFile),
    name,
  });
  const log = await createJetStreamLog(nc, { stream: ACCOUNTS_STREAM.name, user: login.user });
  return { log, nc, [Symbol.asyncDispose]: () => nc.close() };
}
