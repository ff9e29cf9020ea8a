import { METRICS } from '@zameni/runtime/instruments';
import { labelOf, series } from '../own-series.ts';
import { ofServer, SERVER_SERIES as S } from '../server-series.ts';
import { THRESHOLDS } from '../thresholds.ts';
import type { AlertCase, TestSeries } from './alert-case.fixture.ts';

const { store } = METRICS;
const BREAKER = labelOf('zameni.breaker');
const RESULT = labelOf('zameni.cache.result');

const breaker = series(store.breakerOpen, {
  job: 'query-api',
  instance: 'query-api-1',
  [BREAKER]: 'cache',
});
const looks = (result: string) =>
  series(store.cacheRequests, { job: 'query-api', [RESULT]: result });
const watermark = (instance: string) => series(store.watermarkAge, { instance });

const replica = { instance: 'postgres-primary', application_name: 'replica' };
const lacks = ofServer(S.postgresReplicaBytes, replica);
/** A replica of somebody else's Postgres. */
const otherLacks = ofServer(S.postgresReplicaBytes, { job: 'other', ...replica });

const postgres = (name: string, instance: string) => ofServer(name, { job: 'postgres', instance });

function servers({ up, answers }: { readonly up: number; readonly answers: number }): TestSeries {
  return {
    [postgres(S.up, 'postgres-primary')]: `${up}x30`,
    [postgres(S.up, 'postgres-replica')]: '1x30',
    [postgres(S.postgresUp, 'postgres-primary')]: '1x30',
    [postgres(S.postgresUp, 'postgres-replica')]: `${answers}x30`,
  };
}

/** When alerts about the cache and the stores of reads fire. */
export const READ_CASES: readonly AlertCase[] = [
  {
    alert: 'BreakerOpen',
    fires: { [breaker]: '1x30' },
    labels: { job: 'query-api', [BREAKER]: 'cache' },
    silent: [{ [breaker]: '0x30' }],
  },
  {
    alert: 'CacheCold',
    fires: { [looks('hit')]: '0+100x40', [looks('miss')]: '0+200x40' },
    silent: [
      { [looks('hit')]: '0+200x40', [looks('miss')]: '0+100x40' },
      // Hardly anybody reads.
      { [looks('miss')]: '0+10x40' },
    ],
    atMinutes: 35,
  },
  {
    alert: 'CacheWatermarkOld',
    fires: { [watermark('projector-1')]: '0+60x30' },
    silent: [
      { [watermark('projector-1')]: '1x30' },
      // A process that has lost its lease a moment ago does not matter.
      { [watermark('projector-1')]: '0+60x30', [watermark('projector-2')]: '1x30' },
    ],
  },
  {
    alert: 'ReplicaLags',
    fires: { [lacks]: `${THRESHOLDS.replicaLagBytes + 1}x30` },
    silent: [
      { [lacks]: `${THRESHOLDS.replicaLagBytes}x30` },
      { [otherLacks]: `${THRESHOLDS.replicaLagBytes + 1}x30` },
    ],
  },
  {
    alert: 'ReplicaDisconnected',
    fires: { [lacks]: '0x5 stale', ...servers({ up: 1, answers: 1 }) },
    alsoFires: { [otherLacks]: '0x30', ...servers({ up: 1, answers: 1 }) },
    silent: [
      { [lacks]: '0x30', ...servers({ up: 1, answers: 1 }) },
      // Nobody asks the primary, or the replica is down: other alerts say so.
      servers({ up: 0, answers: 1 }),
      servers({ up: 1, answers: 0 }),
    ],
  },
];
