import { METRICS } from '@zameni/runtime/instruments';
import { countOf, labelOf, series } from '../own-series.ts';
import { SERVER_SERIES as S } from '../server-series.ts';
import type { AlertCase } from './alert-case.fixture.ts';

const { http } = METRICS;
const STATUS = labelOf('http.response.status_code');

const up = (instance: string) => `${S.up}{job="query-api",instance="${instance}"}`;
const answers = (status: string) =>
  countOf(http.requestDuration, { job: 'query-api', instance: 'query-api-1', [STATUS]: status });
const gateway = (code: string) => `${S.gatewayResponses}{proxy="gateway",code="${code}"}`;
const shed = series(http.shed, { job: 'command-api', [labelOf('zameni.shed.reason')]: 'queue' });
const backend = `${S.gatewayServers}{job="gateway",instance="gateway",proxy="command-api"}`;

/** When alerts about processes and servers fire. */
export const SERVER_CASES: readonly AlertCase[] = [
  {
    alert: 'TargetDown',
    fires: { [up('query-api-1')]: '1x30', [up('query-api-2')]: '0x30' },
    labels: { job: 'query-api', instance: 'query-api-2' },
    silent: [{ [up('query-api-2')]: '1x10 0 1x20' }],
  },
  {
    alert: 'ServiceDown',
    fires: { [up('query-api-1')]: '0x30', [up('query-api-2')]: '0x30' },
    labels: { job: 'query-api' },
    silent: [{ [up('query-api-1')]: '1x30', [up('query-api-2')]: '0x30' }],
  },
  {
    alert: 'StoreDown',
    fires: {
      [`${S.redisUp}{job="redis",instance="redis"}`]: '0x30',
      [`${S.postgresUp}{job="postgres",instance="postgres-primary"}`]: '1x30',
      [`${S.pgbouncerUp}{job="exporter",instance="exporter"}`]: '1x30',
    },
    labels: { job: 'redis', instance: 'redis' },
    silent: [{ [`${S.redisUp}{job="redis",instance="redis"}`]: '1x30' }],
  },
  {
    alert: 'BackendEmpty',
    fires: { [backend]: '0x30' },
    labels: { job: 'gateway', instance: 'gateway', proxy: 'command-api' },
    silent: [{ [backend]: '1x30' }, { [backend.replace('command-api', 'sources')]: '0x30' }],
  },
  {
    alert: 'ErrorRateHigh',
    fires: { [answers('200')]: '0+225x120', [answers('503')]: '0+25x120' },
    labels: { job: 'query-api' },
    silent: [
      { [answers('200')]: '0+248x120', [answers('503')]: '0+2x120' },
      { [answers('200')]: '0x120', [answers('503')]: '0+0.25x120' },
      // It was bad for six minutes, until two minutes ago.
      { [answers('200')]: '0+225x120', [answers('503')]: '0x48 25+25x24 600x50' },
    ],
    everySeconds: 15,
  },
  {
    alert: 'GatewayErrorRateHigh',
    fires: { [gateway('2xx')]: '0+225x120', [gateway('5xx')]: '0+25x120' },
    silent: [
      { [gateway('2xx')]: '0+248x120', [gateway('5xx')]: '0+2x120' },
      // It was bad for six minutes, until two minutes ago.
      { [gateway('2xx')]: '0+225x120', [gateway('5xx')]: '0x48 25+25x24 600x50' },
    ],
    everySeconds: 15,
  },
  {
    alert: 'RequestsShed',
    fires: { [shed]: '0+60x30' },
    labels: { job: 'command-api' },
    silent: [{ [shed]: '60x30' }],
  },
];
