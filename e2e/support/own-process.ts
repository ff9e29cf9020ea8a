import { join } from 'node:path';
import { DEADLINES } from '@zameni/runtime';
import { findFreePort, type Stack } from '@zameni/runtime/testing';
import { nodeEnvironment } from '../../deploy/local/parts/context.ts';
import { serviceEnvironment } from '../../deploy/local/parts/service-environment.ts';
import { securityLogFile } from '../../deploy/local/parts/security-log-file.ts';
import { serviceProgram } from '../../deploy/local/parts/service-program.ts';
import type { Service } from '../../deploy/local/profile/scale.ts';
import { secretFiles } from '../../deploy/local/secrets/files.ts';
import { startChild } from '../../deploy/local/supervisor/child.ts';
import { isHealthy } from './is-healthy.ts';
import { untilUp } from './until-up.ts';

/** A process of a service in addition to the stack's. Nobody restarts it. */
export type OwnProcess = AsyncDisposable & { readonly url: string; readonly pid: number };

/** The service, the name of the process, and the environment variables that differ. */
export type OwnProcessOptions = {
  readonly service: Service;
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
};

const HOST = '127.0.0.1';

/** Starts the process with the stack's servers. Resolves when it is ready. */
export async function startOwnProcess(
  stack: Stack,
  { service, name, env = {} }: OwnProcessOptions,
): Promise<OwnProcess> {
  const port = await findFreePort();
  const logFile = join(stack.folders.logs, `${name}.log`);
  const child = startChild(
    {
      name,
      ...serviceProgram(service),
      env: {
        ...nodeEnvironment(undefined),
        ...serviceEnvironment(toSource(stack), service),
        ZAMENI_PORT: String(port),
        ZAMENI_INSTANCE: name,
        ZAMENI_SECURITY_LOG: securityLogFile(stack.folders.logs, name),
        ...env,
      },
      deathSignal: 'KILL',
      stop: { signal: 'SIGTERM', deadlineMs: DEADLINES.stop },
    },
    { logFile },
  );
  const url = `http://${HOST}:${port}`;
  await untilUp(child, { isUp: () => isHealthy(`${url}/readyz`), logFile });
  return { url, pid: child.pid, [Symbol.asyncDispose]: async () => void (await child.stop()) };
}

/** The parts of the stack's description that the variables are made from. */
function toSource(stack: Stack) {
  const { profile, gateway, nats, pgbouncer, redis, mail, folders, telemetry } = stack;
  const portOf = (place: string) => Number(place.split(':').at(-1));
  return {
    profile,
    telemetry,
    ports: {
      gateway: gateway.port,
      natsClient: nats.servers.map(portOf),
      pgbouncer: pgbouncer.port,
      redis: redis.cache.port,
      redisCounters: redis.counters.port,
      inboxSmtp: mail.smtpPort,
    },
    layout: {
      secrets: secretFiles(folders.secrets),
      issuersFile: join(folders.root, 'issuers.json'),
    },
  };
}
