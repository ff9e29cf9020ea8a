import type { MetricDefinition } from '../definition.ts';

/**
 * The process. Event loop, heap and garbage collection (`nodejs.*`, `v8js.*`) come from
 * `@opentelemetry/instrumentation-runtime-node`.
 */
export const PROCESS_METRICS = {
  cpuTime: {
    name: 'process.cpu.time',
    kind: 'observed-counter',
    unit: 's',
    description: 'CPU time of the process',
    attributes: [],
  },
  memory: {
    name: 'process.memory.usage',
    kind: 'observed-up-down-counter',
    unit: 'By',
    description: 'Memory of the process (resident set)',
    attributes: [],
  },
  uptime: {
    name: 'process.uptime',
    kind: 'observed-gauge',
    unit: 's',
    description: 'Time since the process started',
    attributes: [],
  },
} as const satisfies Record<string, MetricDefinition>;
