import { METRICS } from '@zameni/runtime/instruments';
import type { Alert } from '../alert.ts';
import { JOBS } from '../jobs.ts';
import { labelOf, series } from '../own-series.ts';
import { ofServer, SERVER_SERIES as S } from '../server-series.ts';
import { THRESHOLDS } from '../thresholds.ts';

const { store } = METRICS;
const RESULT = labelOf('zameni.cache.result');
const BREAKER = labelOf('zameni.breaker');

const looks = `sum(rate(${series(store.cacheRequests)}[10m]))`;
const hits = `(sum(rate(${series(store.cacheRequests, { [RESULT]: 'hit' })}[10m])) or vector(0))`;

/** Alerts about the cache and the stores that answer reads. */
export const READ_ALERTS: readonly Alert[] = [
  {
    name: 'BreakerOpen',
    severity: 'ticket',
    expr: () => `max by (job, ${BREAKER}) (${series(store.breakerOpen)}) > 0`,
    forSeconds: 60,
    summary: `{{ $labels.job }} does without {{ $labels.${BREAKER} }}`,
    description: 'Calls to it failed in a row, so none are made for a while.',
    runbook: 'the-cache-is-cold',
    panel: 'reads/breakers',
  },
  {
    name: 'CacheCold',
    severity: 'ticket',
    expr: () => `${hits} / ${looks} < ${THRESHOLDS.cacheHitRatio} and ${looks} > 1`,
    forSeconds: 900,
    summary: 'Most reads are not answered from the cache',
    description: 'Postgres answers them. Reads are slower, and nothing is wrong.',
    runbook: 'the-cache-is-cold',
    panel: 'reads/hit-ratio',
  },
  {
    name: 'CacheWatermarkOld',
    severity: 'ticket',
    expr: (scaled) => `min(${series(store.watermarkAge)}) > ${scaled(THRESHOLDS.watermarkSeconds)}`,
    forSeconds: 120,
    summary: 'The watermark of the cache does not advance',
    description: 'Entries are not settled, so reads that ask for fresh data pass them by.',
    runbook: 'the-cache-is-cold',
    panel: 'reads/watermark',
  },
  {
    name: 'ReplicaLags',
    severity: 'ticket',
    expr: () => `max(${ofServer(S.postgresReplicaBytes)}) > ${THRESHOLDS.replicaLagBytes}`,
    forSeconds: 300,
    summary: 'The replica of Postgres is behind its primary',
    description: 'Reads that ask for fresh data go to the primary, and erasures wait.',
    runbook: 'a-replica-is-behind',
    panel: 'reads/replica-bytes',
  },
  {
    name: 'ReplicaDisconnected',
    severity: 'ticket',
    // The primary has a row for each replica that is connected. A server that is down is another alert.
    expr: () =>
      `absent(max(${ofServer(S.postgresReplicaBytes)})) and min(${ofServer(S.up, { job: JOBS.postgres })}) == 1 and min(${ofServer(S.postgresUp)}) == 1`,
    forSeconds: 300,
    summary: 'No replica of Postgres is connected to the primary',
    description:
      'All servers answer. The replica falls behind, and the primary keeps its log for it.',
    runbook: 'a-replica-is-behind',
    panel: 'reads/replica-bytes',
  },
];
