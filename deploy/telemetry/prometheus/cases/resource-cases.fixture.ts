import { METRICS } from '@zameni/runtime/instruments';
import { labelOf, series } from '../own-series.ts';
import { NODE_SERIES, ofServer, SERVER_SERIES as S } from '../server-series.ts';
import type { AlertCase, TestSeries } from './alert-case.fixture.ts';

const { store } = METRICS;
const POOL = labelOf('db.client.connection.pool.name');
const pool = { job: 'query-api', instance: 'query-api-1', [POOL]: 'replica' };
const redis = { job: 'redis', instance: 'redis-counters' };
const FOLDER = { job: 'exporter', folder: 'nats' };
const disk = { free: ofServer(S.diskFree, FOLDER), size: ofServer(S.diskSize, FOLDER) };
const process = { job: 'command-api', instance: 'command-api-1' };
const delay = ofServer(NODE_SERIES.eventLoopDelay, process);
const otherDelay = ofServer(NODE_SERIES.eventLoopDelay, { ...process, job: 'other' });
const waiting = ofServer(S.pgbouncerWaiting, { database: 'zameni', user: 'projector' });
const certificate = ofServer(S.certificateEnd, { instance: 'exporter', file: 'gateway.pem' });
const readable = ofServer(S.readable, { instance: 'exporter', file: 'gateway.pem' });
const certificateLabels = { job: 'exporter', instance: 'exporter', file: 'gateway.pem' };
/** Promtool's clock begins at 0, so this is also the time until the end. */
const days = (count: number) => `${count * 86_400 + 1_200}x30`;

function poolOf(used: number, pending: number): TestSeries {
  const connection = (state: string) =>
    series(store.connections, { ...pool, [labelOf('db.client.connection.state')]: state });
  return {
    [connection('used')]: `${used}x30`,
    [connection('idle')]: `${20 - used}x30`,
    [series(store.maxConnections, pool)]: '20x30',
    [series(store.pendingRequests, pool)]: `${pending}x30`,
  };
}

function redisOf(policy: string, used: number, bound: number): TestSeries {
  return {
    [ofServer(S.redisMemory, redis)]: `${used}x30`,
    [ofServer(S.redisMaxMemory, redis)]: `${bound}x30`,
    [ofServer(S.redisInfo, { ...redis, maxmemory_policy: policy })]: '1x30',
  };
}

/** When alerts about connections, disks, event loops and certificates fire. */
export const RESOURCE_CASES: readonly AlertCase[] = [
  {
    alert: 'PoolSaturated',
    fires: poolOf(20, 3),
    labels: pool,
    silent: [poolOf(20, 0), poolOf(10, 3)],
  },
  {
    alert: 'PgbouncerQueues',
    fires: { [waiting]: '2x30' },
    labels: { database: 'zameni', user: 'projector' },
    silent: [{ [waiting]: '0x30' }, { [waiting]: '0x19 2 0x10' }],
  },
  {
    alert: 'CountersNearlyFull',
    fires: redisOf('noeviction', 60, 64),
    labels: redis,
    silent: [
      redisOf('noeviction', 50, 64),
      // A cache is full all the time, and a server without a bound never is.
      redisOf('allkeys-lru', 64, 64),
      redisOf('noeviction', 60, 0),
    ],
  },
  {
    alert: 'EventLoopLate',
    fires: { [delay]: '0.2x30' },
    labels: process,
    silent: [{ [delay]: '0.02x30' }, { [otherDelay]: '0.2x30' }],
  },
  {
    alert: 'DiskLow',
    fires: { [disk.free]: '14x30', [disk.size]: '100x30' },
    labels: FOLDER,
    silent: [{ [disk.free]: '16x30', [disk.size]: '100x30' }],
  },
  {
    alert: 'DiskCritical',
    fires: { [disk.free]: '4x30', [disk.size]: '100x30' },
    labels: FOLDER,
    silent: [{ [disk.free]: '6x30', [disk.size]: '100x30' }],
  },
  {
    alert: 'DiskFills',
    fires: { [disk.free]: '100000-100x600' },
    labels: FOLDER,
    silent: [
      { [disk.free]: '100000-10x600' },
      // The server started two hours ago.
      { [disk.free]: '_x380 100000-100x220' },
    ],
    atMinutes: 500,
  },
  {
    alert: 'WatchedFileUnreadable',
    fires: { [readable]: '0x30' },
    labels: certificateLabels,
    silent: [{ [readable]: '1x30' }, { [readable]: '1x19 0x10' }],
  },
  {
    alert: 'CertificateExpires',
    fires: { [certificate]: days(20) },
    labels: certificateLabels,
    silent: [{ [certificate]: days(22) }],
  },
  {
    alert: 'CertificateExpiresSoon',
    fires: { [certificate]: days(2) },
    labels: certificateLabels,
    silent: [{ [certificate]: days(4) }],
  },
];
