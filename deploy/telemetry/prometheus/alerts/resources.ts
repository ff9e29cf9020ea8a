import { METRICS } from '@zameni/runtime/instruments';
import type { Alert } from '../alert.ts';
import { labelOf, series } from '../own-series.ts';
import { NODE_SERIES, ofServer, SERVER_SERIES as S } from '../server-series.ts';
import { THRESHOLDS } from '../thresholds.ts';

const { store } = METRICS;
const diskFree = ofServer(S.diskFree);
const diskSize = ofServer(S.diskSize);
const POOL = labelOf('db.client.connection.pool.name');
const STATE = labelOf('db.client.connection.state');
const DAY_SECONDS = 86_400;

const used = `sum by (job, instance, ${POOL}) (${series(store.connections, { [STATE]: 'used' })})`;
const max = `sum by (job, instance, ${POOL}) (${series(store.maxConnections)})`;
const pending = `sum by (job, instance, ${POOL}) (${series(store.pendingRequests)})`;

/** Without a bound there is no share. */
const countersUse = `${ofServer(S.redisMemory)} / (${ofServer(S.redisMaxMemory)} > 0)`;

/** Alerts about what processes and servers use up: connections, disks, time, certificates. */
export const RESOURCE_ALERTS: readonly Alert[] = [
  {
    name: 'PoolSaturated',
    severity: 'ticket',
    expr: () => `${used} / ${max} >= ${THRESHOLDS.poolUse} and ${pending} > 0`,
    forSeconds: 120,
    summary: `The pool {{ $labels.${POOL} }} of {{ $labels.instance }} has no free connection`,
    description: 'Queries wait for one. They are slow, or there is more load than connections.',
    runbook: 'a-pool-has-no-free-connection',
    panel: 'servers/pool-use',
  },
  {
    name: 'PgbouncerQueues',
    severity: 'ticket',
    expr: () => `sum by (database, user) (${ofServer(S.pgbouncerWaiting)}) > 0`,
    forSeconds: 120,
    summary: 'Clients of PgBouncer wait for {{ $labels.database }} ({{ $labels.user }})',
    description: 'All of its connections to Postgres are in use.',
    runbook: 'a-pool-has-no-free-connection',
    panel: 'servers/pgbouncer-waiting',
  },
  {
    name: 'CountersNearlyFull',
    severity: 'ticket',
    // Only a server that evicts nothing can be full: one that caches always is.
    expr: () =>
      `${countersUse} * on (instance) group_left () ${ofServer(S.redisInfo, { maxmemory_policy: 'noeviction' })} > ${THRESHOLDS.countersUse}`,
    forSeconds: 120,
    summary: `The Redis of the counters, {{ $labels.instance }}, is over ${THRESHOLDS.countersUse * 100} % full`,
    description: 'Full, it counts no new clients, and each process limits these by itself.',
    runbook: 'the-cache-is-cold',
    panel: 'reads/redis-memory',
  },
  {
    name: 'EventLoopLate',
    severity: 'ticket',
    expr: () => `${ofServer(NODE_SERIES.eventLoopDelay)} > ${THRESHOLDS.eventLoopDelaySeconds}`,
    forSeconds: 300,
    summary: 'The event loop of {{ $labels.instance }} is late',
    description: `One turn in a hundred takes over ${THRESHOLDS.eventLoopDelaySeconds} s: too much load, or too little CPU.`,
    runbook: '503-overloaded',
    panel: 'servers/event-loop',
  },
  {
    name: 'DiskLow',
    severity: 'ticket',
    expr: () => `${diskFree} / ${diskSize} < ${THRESHOLDS.diskFreeLow}`,
    forSeconds: 600,
    summary: `Less than ${THRESHOLDS.diskFreeLow * 100} % of the disk of {{ $labels.folder }} is free`,
    description: 'A server that cannot write stops. The bound of the log counts on free space.',
    runbook: 'a-disk-is-nearly-full',
    panel: 'servers/disk',
  },
  {
    name: 'DiskCritical',
    severity: 'page',
    expr: () => `${diskFree} / ${diskSize} < ${THRESHOLDS.diskFreeCritical}`,
    forSeconds: 60,
    summary: `Less than ${THRESHOLDS.diskFreeCritical * 100} % of the disk of {{ $labels.folder }} is free`,
    description: 'A server that cannot write stops, and nothing is accepted.',
    runbook: 'a-disk-is-nearly-full',
    panel: 'servers/disk',
  },
  {
    name: 'DiskFills',
    severity: 'ticket',
    // A start fills a disk quickly, and a few minutes of it say nothing about a day.
    expr: () => `predict_linear(${diskFree}[6h], ${DAY_SECONDS}) < 0 and ${diskFree} offset 3h`,
    forSeconds: 3_600,
    summary: 'The disk of {{ $labels.folder }} will be full in a day',
    description: 'It fills as fast as in the last six hours.',
    runbook: 'a-disk-is-nearly-full',
    panel: 'servers/disk',
  },
  {
    name: 'WatchedFileUnreadable',
    severity: 'ticket',
    expr: () => `${ofServer(S.readable)} == 0`,
    forSeconds: 600,
    summary: 'The exporter cannot read {{ $labels.file }}{{ $labels.folder }}',
    description: 'Nobody would see a certificate that expires, or a disk that fills.',
    runbook: 'the-exporter-cannot-read-a-file',
    panel: 'servers/readable',
  },
  ...certificateAlerts(),
];

function certificateAlerts(): Alert[] {
  const levels = [
    { name: 'CertificateExpires', severity: 'ticket', days: THRESHOLDS.certificateDays },
    { name: 'CertificateExpiresSoon', severity: 'page', days: THRESHOLDS.certificateDaysCritical },
  ] as const;
  return levels.map(({ name, severity, days }) => ({
    name,
    severity,
    expr: () => `${ofServer(S.certificateEnd)} - time() < ${days * DAY_SECONDS}`,
    forSeconds: 600,
    summary: `A certificate expires in less than ${days} days: {{ $labels.file }}`,
    description: 'Clients refuse the connection once it has expired.',
    runbook: 'a-certificate-expires',
    panel: 'servers/certificates',
  }));
}
