import type { ProcessPart } from '../../supervisor/supervised-process.ts';
import type { PartContext } from '../context.ts';
import { exporterParts } from './exporters.ts';
import { jaegerPart } from './jaeger.ts';
import { metricsTargets } from './metrics-targets.ts';
import { prometheusPart } from './prometheus.ts';
import { traceReceiverPart } from './trace-receiver.ts';

/** Creates what takes spans: nothing without `--telemetry`. It waits for no other part. */
export async function traceParts(context: PartContext): Promise<ProcessPart[]> {
  const { telemetry } = context;
  if (telemetry === null) return [];
  return [
    ...(telemetry.jaeger === null ? [] : [await jaegerPart(context, telemetry.jaeger)]),
    traceReceiverPart(context, telemetry),
  ];
}

/** Creates what makes and takes figures of the servers: nothing without `--telemetry`. */
export async function metricsParts(context: PartContext): Promise<ProcessPart[]> {
  const { telemetry, servers } = context;
  if (telemetry === null || servers.watchers === null) return [];
  return [
    ...(await exporterParts(context, telemetry, servers.watchers)),
    await prometheusPart(context, servers.watchers.prometheus, metricsTargets(context)),
  ];
}
