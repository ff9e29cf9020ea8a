import type { Stack } from '@zameni/runtime/stack';
import type { PartContext } from '../context.ts';
import { serviceProcesses } from '../services.ts';

/** What Prometheus scrapes, and the process that serves it. */
export type MetricsTarget = NonNullable<Stack['telemetry']>['metrics'][number];

/** Lists what Prometheus scrapes of a stack. */
export function metricsTargets(context: Pick<PartContext, 'ports' | 'servers'>): MetricsTarget[] {
  const ports = context.ports.telemetry;
  const { watchers } = context.servers;
  const one = (job: string, instance: string, port: number, process = instance) => ({
    job,
    instance,
    url: `http://127.0.0.1:${port}/metrics`,
    process,
  });
  return [
    ...serviceProcesses(context).map(({ service, name, port }) => one(service, name, port)),
    one('gateway', 'gateway', ports.gatewayMetrics),
    one('exporter', 'exporter', ports.exporter),
    ...(watchers?.postgresExporter
      ? [
          one('postgres', 'postgres-primary', ports.primaryExporter, 'primary-exporter'),
          one('postgres', 'postgres-replica', ports.replicaExporter, 'replica-exporter'),
        ]
      : []),
    ...(watchers?.redisExporter
      ? [
          one('redis', 'redis', ports.redisExporter, 'redis-exporter'),
          one('redis', 'redis-counters', ports.countersExporter, 'counters-exporter'),
        ]
      : []),
    one('prometheus', 'prometheus', ports.prometheus),
  ];
}
