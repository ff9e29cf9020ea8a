import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROUTES } from '@zameni/contracts';
import { tcpProbe } from '../supervisor/probe.ts';
import type { ProcessPart } from '../supervisor/supervised-process.ts';
import { type PartContext, serverEnvironment } from './context.ts';
import { haproxyConfig } from './haproxy-config.ts';
import { serviceProcesses } from './services.ts';

/** Creates the gateway. It starts last and stops first. */
export async function gatewayPart(context: PartContext): Promise<ProcessPart> {
  const { ports, layout, servers } = context;
  const processes = serviceProcesses(context);
  const config = haproxyConfig({
    port: ports.gateway,
    routes: ROUTES,
    targets: {
      'command-api': processes.filter(({ service }) => service === 'command-api'),
      'query-api': processes.filter(({ service }) => service === 'query-api'),
    },
  });
  const file = join(layout.servers.gateway, 'haproxy.cfg');
  await writeFile(file, config, { mode: 0o600 });
  return {
    kind: 'process',
    name: 'gateway',
    after: processes.map(({ name }) => name),
    command: [servers.haproxy.path, '-db', '-f', file],
    env: serverEnvironment(),
    deathSignal: 'KILL',
    // Stops listening and lets current requests finish.
    stop: { signal: 'SIGUSR1', deadlineMs: 10_000 },
    probe: tcpProbe(ports.gateway),
    readyDeadlineMs: 20_000,
    showsLines: false,
    mustDrain: false,
  };
}
