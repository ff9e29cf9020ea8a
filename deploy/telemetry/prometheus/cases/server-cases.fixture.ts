import { HARMLESS_PROBLEMS, METRICS } from '@zameni/runtime/instruments';
import { countOf, type Labels, labelOf, series } from '../own-series.ts';
import { GATEWAY_FRONTEND, ofServer, SERVER_SERIES as S } from '../server-series.ts';
import type { AlertCase } from './alert-case.fixture.ts';

const { http } = METRICS;
const STATUS = labelOf('http.response.status_code');

const ERROR = labelOf('error.type');
const service = { job: 'query-api', instance: 'query-api-1' };

const up = (instance: string) => ofServer(S.up, { job: 'query-api', instance });
/** A target of somebody else in the same Prometheus. */
const other = { job: 'other', instance: 'other-1' };
const answers = (status: string, labels: Labels = {}) =>
  countOf(http.requestDuration, { ...service, [STATUS]: status, ...labels });
const harmless = answers('503', { [ERROR]: HARMLESS_PROBLEMS[0] });
const gateway = (code: string, labels: Labels = {}) =>
  ofServer(S.gatewayResponses, { proxy: GATEWAY_FRONTEND, code, ...labels });
const backendFaults = (labels: Labels = {}) =>
  ofServer(S.gatewayBackendResponses, { proxy: 'query-api', code: '5xx', ...labels });
const processFaults = (server: string) =>
  ofServer(S.gatewayServerResponses, { proxy: 'query-api', server, code: '5xx' });
const shed = series(http.shed, { job: 'command-api', [labelOf('zameni.shed.reason')]: 'queue' });
const backend = ofServer(S.gatewayServers, { instance: 'gateway', proxy: 'command-api' });

/** When alerts about processes and servers fire. */
export const SERVER_CASES: readonly AlertCase[] = [
  {
    alert: 'TargetDown',
    fires: { [up('query-api-1')]: '1x30', [up('query-api-2')]: '0x30' },
    labels: { job: 'query-api', instance: 'query-api-2' },
    silent: [{ [up('query-api-2')]: '1x10 0 1x20' }, { [ofServer(S.up, other)]: '0x30' }],
  },
  {
    alert: 'ServiceDown',
    fires: { [up('query-api-1')]: '0x30', [up('query-api-2')]: '0x30' },
    labels: { job: 'query-api' },
    silent: [
      { [up('query-api-1')]: '1x30', [up('query-api-2')]: '0x30' },
      { [ofServer(S.up, other)]: '0x30' },
    ],
  },
  {
    alert: 'StoreDown',
    fires: {
      [ofServer(S.redisUp, { instance: 'redis' })]: '0x30',
      [ofServer(S.postgresUp, { instance: 'postgres-primary' })]: '1x30',
      [ofServer(S.pgbouncerUp, { instance: 'exporter' })]: '1x30',
    },
    labels: { job: 'redis', instance: 'redis' },
    silent: [
      { [ofServer(S.redisUp, { instance: 'redis' })]: '1x30' },
      { [ofServer(S.redisUp, other)]: '0x30', [ofServer(S.postgresUp, other)]: '0x30' },
    ],
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
      // It was bad for six minutes, until three minutes ago.
      { [answers('200')]: '0+225x120', [answers('503')]: '0x44 25+25x24 600x50' },
      // A caller asks for a position that is not projected yet, again and again.
      { [answers('200')]: '0+225x120', [harmless]: '0+225x120' },
      // A service of somebody else, whose metric has the same name.
      { [answers('200', other)]: '0+225x120', [answers('503', other)]: '0+25x120' },
    ],
    everySeconds: 15,
  },
  {
    alert: 'GatewayErrorRateHigh',
    fires: {
      [gateway('2xx')]: '0+225x120',
      [gateway('5xx')]: '0+25x120',
      [backendFaults()]: '0+25x120',
      [processFaults('query-api-1')]: '0x120',
      // The gateway of somebody else, which has more to do and no faults.
      [gateway('2xx', { job: 'other' })]: '0+9000x120',
      // Scrapes and health checks are no answers to clients.
      [gateway('2xx', { proxy: 'gateway-metrics' })]: '0+9000x120',
    },
    // No process was ever there.
    alsoFires: { [gateway('5xx')]: '0+25x120', [backendFaults()]: '0+25x120' },
    silent: [
      {
        [gateway('2xx')]: '0+248x120',
        [gateway('5xx')]: '0+2x120',
        [backendFaults()]: '0+2x120',
        [processFaults('query-api-1')]: '0x120',
      },
      // It was bad for six minutes, until three minutes ago.
      { [gateway('2xx')]: '0+225x120', [backendFaults()]: '0x44 25+25x24 600x50' },
      // Services answer 5xx. Whether these are faults is seen in their own figures.
      {
        [gateway('2xx')]: '0+225x120',
        [gateway('5xx')]: '0+25x120',
        [backendFaults()]: '0+25x120',
        [processFaults('query-api-1')]: '0+15x120',
        [processFaults('query-api-2')]: '0+10x120',
      },
      // The gateway of somebody else.
      { [gateway('2xx')]: '0+225x120', [backendFaults({ job: 'other' })]: '0+25x120' },
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
