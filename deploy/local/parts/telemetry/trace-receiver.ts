import { join } from 'node:path';
import { REPOSITORY } from '../../profile/names.ts';
import { httpProbe } from '../../supervisor/probe.ts';
import type { ProcessPart } from '../../supervisor/supervised-process.ts';
import { type PartContext, nodeEnvironment } from '../context.ts';
import { JAEGER } from './jaeger.ts';
import type { TelemetryChoice } from './choose.ts';

/** The name of the process that takes the spans of services. */
export const TRACE_RECEIVER = 'trace-receiver';

/** Creates the process that writes spans to a file, and passes them on to Jaeger if it runs. */
export function traceReceiverPart(
  { ports, layout, users }: Pick<PartContext, 'ports' | 'layout' | 'users'>,
  { jaeger, receiverUrl }: TelemetryChoice,
): ProcessPart {
  const { traceReceiver, jaegerOtlpHttp } = ports.telemetry;
  const runAs = users.of('trace-receiver');
  return {
    kind: 'process',
    name: TRACE_RECEIVER,
    after: jaeger === null ? [] : [JAEGER],
    command: [
      process.execPath,
      'main.ts',
      `--port=${traceReceiver}`,
      `--folder=${layout.servers.telemetry}`,
      ...(jaeger === null ? [] : [`--forward=http://127.0.0.1:${jaegerOtlpHttp}`]),
    ],
    cwd: join(REPOSITORY, 'deploy', 'telemetry', 'receiver'),
    env: nodeEnvironment(runAs),
    runAs,
    deathSignal: 'KILL',
    stop: { signal: 'SIGTERM', deadlineMs: 5_000 },
    probe: httpProbe(`${receiverUrl}/livez`),
    readyDeadlineMs: 30_000,
    showsLines: false,
    mustDrain: false,
  };
}
