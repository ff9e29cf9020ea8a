import { METRICS } from '@zameni/runtime/instruments';
import { JOBS } from '../../prometheus/jobs.ts';
import { countOf, labelOf, series } from '../../prometheus/own-series.ts';
import { ofServer, SERVER_SERIES as S } from '../../prometheus/server-series.ts';
import { THRESHOLDS } from '../../prometheus/thresholds.ts';
import { UNASKED } from '../../prometheus/http-answers.ts';
import type { Dashboard } from '../dashboard.ts';
import { CHOSEN, quantileOf, shown, sumRate } from '../promql.ts';

const { http, store } = METRICS;
const RESULT = labelOf('zameni.cache.result');
const SOURCE = labelOf('zameni.read.source');
const ROUTE = labelOf('http.route');
const STATUS = labelOf('http.response.status_code');
const BREAKER = labelOf('zameni.breaker');
const PUBLIC = { ...CHOSEN, [ROUTE]: '~/v1/.+' };

const looks = sumRate(series(store.cacheRequests, CHOSEN));
const hits = sumRate(series(store.cacheRequests, { ...CHOSEN, [RESULT]: 'hit' }));

/** Queries, and what answers them. */
export const READS: Dashboard = {
  key: 'reads',
  uid: 'zameni-reads',
  title: 'Zameni: reads and cache',
  description: 'Queries, cache, replica and waits for a position.',
  jobs: [JOBS.queryApi],
  rows: [
    {
      title: 'Queries',
      panels: [
        {
          key: 'requests',
          id: 1,
          title: 'Requests by route and status',
          description: 'Requests per second.',
          unit: 'reqps',
          queries: [
            {
              expr: sumRate(countOf(http.requestDuration, PUBLIC), [ROUTE, STATUS]),
              legend: `{{${ROUTE}}} {{${STATUS}}}`,
            },
          ],
        },
        {
          key: 'latency',
          id: 2,
          title: 'p99 by route',
          description: 'Without reads that waited for a position because the caller asked for it.',
          unit: 's',
          queries: [
            {
              expr: quantileOf(0.99, http.requestDuration, { ...PUBLIC, ...UNASKED }, [
                'http.route',
              ]),
              legend: shown('http.route'),
            },
          ],
          thresholds: [{ from: 0.5, color: 'red' }],
        },
        {
          key: 'sources',
          id: 3,
          title: 'What answers reads',
          description: 'Reads per second from cache, replica and primary.',
          unit: 'reqps',
          queries: [
            { expr: sumRate(series(store.reads, CHOSEN), [SOURCE]), legend: `{{${SOURCE}}}` },
          ],
        },
        {
          key: 'waits',
          id: 4,
          title: 'Waits for a position, p99',
          description: 'By what is waited for, and how it ended.',
          unit: 's',
          queries: [
            {
              expr: quantileOf(0.99, store.waits, {}, ['zameni.wait.for', 'zameni.wait.outcome']),
              legend: `${shown('zameni.wait.for')} ${shown('zameni.wait.outcome')}`,
            },
          ],
          runbook: '503-projection-lagging',
        },
        {
          key: 'replica-lag',
          id: 5,
          title: 'Lag of the replica',
          description: 'Positions between its checkpoint and the primary’s, while reads ask it.',
          unit: 'short',
          queries: [{ expr: `max(${series(store.replicaLag)})`, legend: 'records' }],
          runbook: 'a-replica-is-behind',
        },
        {
          key: 'replica-bytes',
          id: 13,
          title: 'Write-ahead log that the replica lacks',
          description: 'In bytes, as the primary sees it.',
          unit: 'bytes',
          queries: [
            {
              expr: `max by (application_name) (${ofServer(S.postgresReplicaBytes)})`,
              legend: '{{application_name}}',
            },
          ],
          thresholds: [{ from: THRESHOLDS.replicaLagBytes, color: 'red' }],
          runbook: 'a-replica-is-behind',
        },
        {
          key: 'breakers',
          id: 6,
          title: 'Breakers',
          description: '1 while calls to the dependency are not made, because it does not answer.',
          unit: 'none',
          queries: [
            {
              expr: `max by (job, ${BREAKER}) (${series(store.breakerOpen)})`,
              legend: `{{job}} {{${BREAKER}}}`,
            },
          ],
          thresholds: [{ from: 1, color: 'red' }],
          runbook: 'the-cache-is-cold',
        },
      ],
    },
    {
      title: 'Cache',
      panels: [
        {
          key: 'hit-ratio',
          id: 7,
          title: 'Answered from the cache',
          description: 'Share of looks into the cache.',
          unit: 'percentunit',
          queries: [{ expr: `(${hits} or vector(0)) / ${looks}`, legend: 'hits' }],
          runbook: 'the-cache-is-cold',
        },
        {
          key: 'results',
          id: 8,
          title: 'What looks into the cache find',
          description: 'Per second. `behind`: an entry that is older than the caller wants.',
          unit: 'reqps',
          queries: [
            {
              expr: sumRate(series(store.cacheRequests, CHOSEN), [RESULT]),
              legend: `{{${RESULT}}}`,
            },
          ],
          runbook: 'the-cache-is-cold',
        },
        {
          key: 'watermark',
          id: 9,
          title: 'Age of the watermark',
          description: 'Since the active projector last advanced it.',
          unit: 's',
          queries: [{ expr: `min(${series(store.watermarkAge)})`, legend: 'age' }],
          thresholds: [{ from: THRESHOLDS.watermarkSeconds, color: 'red' }],
          runbook: 'the-cache-is-cold',
        },
        {
          key: 'writes',
          id: 10,
          title: 'Entries written',
          description: 'Per second, by the projector.',
          unit: 'ops',
          queries: [{ expr: sumRate(series(store.cacheWrites)), legend: 'entries' }],
        },
        {
          key: 'redis-memory',
          id: 11,
          title: 'Memory of Redis',
          description: 'At its bound the cache evicts entries, and the counters refuse new ones.',
          unit: 'bytes',
          queries: [
            { expr: `max by (instance) (${ofServer(S.redisMemory)})`, legend: '{{instance}}' },
          ],
        },
        {
          key: 'redis-commands',
          id: 12,
          title: 'Commands and evictions of Redis',
          description: 'Per second.',
          unit: 'ops',
          queries: [
            {
              expr: sumRate(ofServer(S.redisCommands), ['instance']),
              legend: '{{instance}} commands',
            },
            {
              expr: sumRate(ofServer(S.redisEvictions), ['instance']),
              legend: '{{instance}} evictions',
            },
          ],
        },
      ],
    },
  ],
};
