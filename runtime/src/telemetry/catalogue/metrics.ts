import { COMMIT_METRICS } from './commit-metrics.ts';
import type { MetricDefinition } from './definition.ts';
import { HTTP_METRICS } from './http-metrics.ts';
import { MAIL_METRICS } from './mail-metrics.ts';
import { PROCESS_METRICS } from './process-metrics.ts';
import { PROJECTION_METRICS, WORK_METRICS } from './projection-metrics.ts';
import { STORE_METRICS } from './store-metrics.ts';

/** Every metric that our services measure, by topic. `docs/telemetry.md` is made from it. */
export const METRICS = {
  http: HTTP_METRICS,
  commit: COMMIT_METRICS,
  projection: PROJECTION_METRICS,
  work: WORK_METRICS,
  mail: MAIL_METRICS,
  store: STORE_METRICS,
  process: PROCESS_METRICS,
} as const satisfies Record<string, Record<string, MetricDefinition>>;
