import { join } from 'node:path';
import { ROUTES } from '@zameni/contracts';
import { writeFor } from '../../host/owners.ts';
import { tcpProbe } from '../../supervisor/probe.ts';
import type { ProcessPart } from '../../supervisor/supervised-process.ts';
import { type PartContext, serverEnvironment } from '../context.ts';
import { GATEWAY_STOP_MS, haproxyConfig } from './config.ts';
import { serviceProcesses } from '../services.ts';
import { EXPORTER } from '../telemetry/exporters.ts';

/** Creates the gateway. It starts last and stops first. */
export async function gatewayPart(context: PartContext): Promise<ProcessPart> {
  const { ports, layout, servers, telemetry, gateway, users } = context;
  const processes = serviceProcesses(context);
  const config = haproxyConfig({
    ...gateway,
    port: ports.gateway,
    routes: ROUTES,
    targets: {
      'command-api': processes.filter(({ service }) => service === 'command-api'),
      'query-api': processes.filter(({ service }) => service === 'query-api'),
    },
    telemetry:
      telemetry === null
        ? null
        : {
            metricsPort: ports.telemetry.gatewayMetrics,
            logPort: ports.telemetry.exporterSyslog,
            traceRatio: telemetry.traceRatio,
            trustsCallers: telemetry.trustsCallers,
          },
  });
  const file = join(layout.servers.gateway, 'haproxy.cfg');
  const runAs = users.of('gateway');
  await writeFor(runAs, file, config);
  return {
    kind: 'process',
    name: 'gateway',
    // The exporter then hears of every request.
    after: [...processes.map(({ name }) => name), ...(telemetry === null ? [] : [EXPORTER])],
    command: [servers.haproxy.path, '-db', '-f', file],
    env: serverEnvironment(),
    runAs,
    deathSignal: 'KILL',
    // Stops listening and lets current requests finish.
    stop: { signal: 'SIGUSR1', deadlineMs: GATEWAY_STOP_MS },
    probe: tcpProbe(ports.gateway),
    readyDeadlineMs: 20_000,
    showsLines: false,
    mustDrain: false,
  };
}
