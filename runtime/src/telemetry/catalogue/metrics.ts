import { COMMIT_METRICS } from './metrics/commit.ts';
import type { MetricDefinition } from './definition.ts';
import { HTTP_METRICS } from './metrics/http.ts';
import { MAIL_METRICS } from './metrics/mail.ts';
import { PROCESS_METRICS } from './metrics/process.ts';
import { PROJECTION_METRICS, WORK_METRICS } from './metrics/projection.ts';
import { STORE_METRICS } from './metrics/store.ts';

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
