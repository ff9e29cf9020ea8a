import { join } from 'node:path';
import type { Stack } from '@zameni/runtime/stack';
import type { PartContext } from '../context.ts';
import { metricsTargets } from './metrics-targets.ts';

/** Writes down the addresses and files of what watches a stack. Null if nothing does. */
export function describeTelemetry(context: PartContext): Stack['telemetry'] {
  const { ports, layout, telemetry } = context;
  if (telemetry === null) return null;
  const { prometheus, jaegerQuery } = ports.telemetry;
  const { jaeger, receiverUrl, traceRatio } = telemetry;
  return {
    prometheusUrl: `http://127.0.0.1:${prometheus}`,
    jaegerUrl: jaeger === null ? null : `http://127.0.0.1:${jaegerQuery}`,
    receiverUrl,
    tracesFile: join(layout.servers.telemetry, 'traces.ndjson'),
    traceRatio,
    metrics: metricsTargets(context),
  };
}
