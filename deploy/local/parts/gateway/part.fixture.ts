import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROUTES } from '@zameni/contracts';
import { findFreePort, waitUntil } from '@zameni/runtime/testing';
import type { ExecutionContext } from 'ava';
import { findServer, isFound } from '../../install/find-servers.ts';
import { type Gateway, type GatewayTarget, haproxyConfig } from './config.ts';

/** Starts an HTTP server that stands for both services. */
export async function startService(
  t: ExecutionContext,
  listener: RequestListener,
): Promise<GatewayTarget> {
  const service = createServer(listener);
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  t.teardown(() => service.closeAllConnections());
  t.teardown(() => void service.close());
  return { name: 'query-api-1', port: portOf(service) };
}

/** The service, and settings that differ from none. */
export type GatewayChoice = Partial<Gateway> & { readonly service: GatewayTarget };

/** A running gateway. `stop` tells it to end as the stack does, and resolves when it has. */
export type OwnGateway = {
  readonly port: number;
  readonly url: string;
  readonly stop: () => Promise<void>;
};

/** Runs the real gateway in front of a service. */
export async function runGateway(
  t: ExecutionContext,
  { service, ...chosen }: GatewayChoice,
): Promise<OwnGateway> {
  const port = await findFreePort();
  const targets = { 'command-api': [service], 'query-api': [service] };
  const none = { telemetry: null, origins: [], proxies: [], sources: null };
  const config = haproxyConfig({ port, routes: ROUTES, targets, ...none, ...chosen });
  const program = await findServer('haproxy', []);
  if (!isFound(program)) throw new Error('there is no haproxy');
  const folder = await mkdtemp(join(tmpdir(), 'zameni-gateway-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, config);
  const child = spawn(program.path, ['-db', '-f', file], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntil(() =>
    fetch(`${url}/nothing`).then(
      () => true,
      () => false,
    ),
  );
  return {
    port,
    url,
    stop: async () => {
      child.kill('SIGUSR1');
      await ended;
    },
  };
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('it does not listen');
  return address.port;
}
