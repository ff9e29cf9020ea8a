import { METRICS } from '@zameni/runtime/instruments';
import { labelOf, series } from '../../prometheus/own-series.ts';
import { ofServer, SERVER_SERIES as S } from '../../prometheus/server-series.ts';
import { THRESHOLDS } from '../../prometheus/thresholds.ts';
import type { Row } from '../dashboard.ts';
import { CHOSEN, quantileOf, shown, sumRate } from '../promql.ts';

const { store } = METRICS;
const POOL = labelOf('db.client.connection.pool.name');
const STATE = labelOf('db.client.connection.state');

/** Connections to Postgres: pools of processes, PgBouncer, and Postgres itself. */
export const POOL_ROW: Row = {
  title: 'Pools and Postgres',
  panels: [
    {
      key: 'pool-use',
      id: 10,
      title: 'Pool use',
      description: 'Share of the connections that are in use.',
      unit: 'percentunit',
      queries: [
        {
          expr: `sum by (instance, ${POOL}) (${series(store.connections, { ...CHOSEN, [STATE]: 'used' })}) / sum by (instance, ${POOL}) (${series(store.maxConnections, CHOSEN)})`,
          legend: `{{instance}} {{${POOL}}}`,
        },
      ],
      thresholds: [{ from: THRESHOLDS.poolUse, color: 'red' }],
      runbook: 'a-pool-has-no-free-connection',
    },
    {
      key: 'pool-pending',
      id: 11,
      title: 'Queries that wait for a connection',
      description: 'By pool.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (instance, ${POOL}) (${series(store.pendingRequests, CHOSEN)})`,
          legend: `{{instance}} {{${POOL}}}`,
        },
      ],
      runbook: 'a-pool-has-no-free-connection',
    },
    {
      key: 'pool-wait',
      id: 12,
      title: 'Wait for a connection, p99',
      description: 'By pool.',
      unit: 's',
      queries: [
        {
          expr: quantileOf(0.99, store.waitTime, CHOSEN, ['db.client.connection.pool.name']),
          legend: shown('db.client.connection.pool.name'),
        },
      ],
      runbook: 'a-pool-has-no-free-connection',
    },
    {
      key: 'queries',
      id: 13,
      title: 'Queries and cache commands, p99',
      description: 'By the server and the pool.',
      unit: 's',
      queries: [
        {
          expr: quantileOf(0.99, store.operationDuration, CHOSEN, [
            'db.system.name',
            'db.client.connection.pool.name',
          ]),
          legend: `${shown('db.system.name')} ${shown('db.client.connection.pool.name')}`,
        },
      ],
    },
    {
      key: 'pgbouncer-waiting',
      id: 14,
      title: 'PgBouncer: clients that wait',
      description: 'And the longest wait, in seconds.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (database, user) (${ofServer(S.pgbouncerWaiting)})`,
          legend: '{{database}} {{user}}',
        },
        {
          expr: `max by (database) (${ofServer(S.pgbouncerMaxWait)})`,
          legend: '{{database}}: longest wait',
        },
      ],
      runbook: 'a-pool-has-no-free-connection',
    },
    {
      key: 'pgbouncer-pools',
      id: 15,
      title: 'PgBouncer: connections to Postgres',
      description: 'In use and idle.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (database) (${ofServer(S.pgbouncerServersActive)})`,
          legend: '{{database}} in use',
        },
        {
          expr: `sum by (database) (${ofServer(S.pgbouncerServersIdle)})`,
          legend: '{{database}} idle',
        },
      ],
    },
    {
      key: 'postgres-backends',
      id: 16,
      title: 'Postgres: backends',
      description: 'By database.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (datname) (${ofServer(S.postgresBackends, { datname: '~.+' })})`,
          legend: '{{datname}}',
        },
      ],
    },
    {
      key: 'postgres-transactions',
      id: 17,
      title: 'Postgres: transactions',
      description: 'Per second. Many rollbacks are a fault.',
      unit: 'ops',
      queries: [
        { expr: sumRate(ofServer(S.postgresCommits)), legend: 'commits' },
        { expr: sumRate(ofServer(S.postgresRollbacks)), legend: 'rollbacks' },
      ],
    },
    {
      key: 'postgres-size',
      id: 18,
      title: 'Postgres: size',
      description: 'By database.',
      unit: 'bytes',
      queries: [{ expr: `max by (datname) (${ofServer(S.postgresSize)})`, legend: '{{datname}}' }],
    },
  ],
};
