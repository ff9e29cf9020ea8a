import { join } from 'node:path';
import { jaegerConfig } from '../../../telemetry/jaeger/config.ts';
import { writeFor } from '../../host/owners.ts';
import { tcpProbe } from '../../supervisor/probe.ts';
import type { ProcessPart } from '../../supervisor/supervised-process.ts';
import { type PartContext, serverEnvironment } from '../context.ts';

/** The name of the process that shows traces. */
export const JAEGER = 'jaeger';

/** Its traces are in memory, and the collector of Go keeps below this bound if it can. */
const MEMORY_LIMIT = '512MiB';

/** Creates Jaeger, which keeps the newest traces in memory. */
export async function jaegerPart(
  { ports, layout, users }: Pick<PartContext, 'ports' | 'layout' | 'users'>,
  program: string,
): Promise<ProcessPart> {
  const { jaegerQuery, jaegerQueryGrpc, jaegerOtlpHttp, jaegerOtlpGrpc } = ports.telemetry;
  const file = join(layout.servers.jaeger, 'jaeger.json');
  const config = jaegerConfig({
    host: '127.0.0.1',
    queryPort: jaegerQuery,
    queryGrpcPort: jaegerQueryGrpc,
    otlpHttpPort: jaegerOtlpHttp,
    otlpGrpcPort: jaegerOtlpGrpc,
  });
  const runAs = users.of('jaeger');
  await writeFor(runAs, file, config);
  return {
    kind: 'process',
    name: JAEGER,
    after: [],
    command: [program, '--config', file],
    env: { ...serverEnvironment(), GOMEMLIMIT: MEMORY_LIMIT },
    runAs,
    deathSignal: 'KILL',
    stop: { signal: 'SIGTERM', deadlineMs: 10_000 },
    // It listens for spans last.
    probe: tcpProbe(jaegerOtlpHttp),
    readyDeadlineMs: 30_000,
    showsLines: false,
    mustDrain: false,
  };
}
