import { type Client, createClient, type NatsUser } from '@zameni/contracts';
import { readSecret } from '@zameni/runtime';
import { createTestDatabase, type TestDatabase, waitUntil } from '@zameni/runtime/testing';
import type { ExecutionContext } from 'ava';
import { type OwnLog, startOwnLog } from '../full-disk/own-log.ts';
import { type OwnProcess, startOwnProcess } from '../support/own-process.ts';
import type { System } from '../support/system.ts';

/** A log, a database and processes of a test's own, with the secrets of the stack. */
export type OwnServices = AsyncDisposable & {
  readonly own: OwnLog;
  readonly database: TestDatabase;
  readonly projector: OwnProcess;
  /** Starts another process of the projector, which ends with the others. */
  readonly startProjector: (name: string) => Promise<OwnProcess>;
  /** An operator's clients. */
  readonly commands: Client;
  readonly queries: Client;
};

/** Its users are those of the services. */
const USERS = ['command-api', 'projector', 'eraser', 'auditor', 'query-api', 'monitor'] as const;

/** Nothing listens there: the cache of the stack is not for these rows. */
const NO_REDIS = 'redis://nobody@127.0.0.1:9';

/** Starts log, command API, projector and query API. They end with the test. */
export async function startOwnServices(
  t: ExecutionContext,
  { stack, token }: System,
  { root, dataFolders }: { readonly root: string; readonly dataFolders: readonly string[] },
): Promise<OwnServices> {
  const logins = USERS.map((user: NatsUser) => {
    const login = stack.nats.users[user];
    if (login === undefined) throw new Error(`the stack has no NATS user ${user}`);
    return { user, password: readSecret(login.passwordFile) };
  });
  const database = await createTestDatabase(t);
  await using starting = new AsyncDisposableStack();
  const own = starting.use(await startOwnLog({ root, dataFolders, logins }));
  const env = {
    ZAMENI_NATS_SERVERS: own.addresses.join(','),
    ZAMENI_POSTGRES_URL: database.url,
    ZAMENI_POSTGRES_PASSWORD_FILE: stack.postgres.superuser.passwordFile,
    ZAMENI_REDIS_URL: NO_REDIS,
  };
  const replica = { ...env, ZAMENI_POSTGRES_REPLICA_URL: database.url };
  const ofProjector = { service: 'projector', env } as const;
  const processes = [
    { service: 'command-api', env: replica },
    ofProjector,
    { service: 'query-api', env: replica },
  ] as const;
  const [commandApi, projector, queryApi] = await Promise.all(
    processes.map(async (one) =>
      starting.use(await startOwnProcess(stack, { ...one, name: `restored-${one.service}` })),
    ),
  );
  if (commandApi === undefined || projector === undefined || queryApi === undefined) {
    throw new Error('a process is missing');
  }
  const operator = await token(['registrations:write', 'users:read', 'users:erase']);
  const clientOf = ({ url }: OwnProcess) => createClient({ baseUrl: url, fetch, token: operator });
  const resources = starting.move();
  return {
    own,
    database,
    projector,
    startProjector: async (name) =>
      resources.use(await startOwnProcess(stack, { ...ofProjector, name })),
    commands: clientOf(commandApi),
    queries: clientOf(queryApi),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Stops all servers of a log, does something to their folders, and starts them again. */
export async function whileStopped(
  { servers }: OwnLog,
  work: (folders: readonly string[]) => Promise<void>,
): Promise<void> {
  await Promise.all(servers.map(({ end }) => end('TERM')));
  await work(servers.map(({ folder }) => folder));
  await Promise.all(servers.map(({ start }) => start()));
  for (const { isHealthy } of servers) await waitUntil(isHealthy);
}
