import { METRICS } from '@zameni/runtime/instruments';
import type { Alert } from '../alert.ts';
import { gatewayFaultRate } from '../gateway-faults.ts';
import { FAULTS, TELLING } from '../http-answers.ts';
import { countOf, series } from '../own-series.ts';
import { GATEWAY_FRONTEND, ofServer, SERVER_SERIES as S } from '../server-series.ts';
import { THRESHOLDS } from '../thresholds.ts';

const { http } = METRICS;

const answers = (window: string) =>
  `sum by (job) (rate(${countOf(http.requestDuration, TELLING)}[${window}]))`;
const faults = (window: string) =>
  `sum by (job) (rate(${countOf(http.requestDuration, FAULTS)}[${window}]))`;
const gatewayAnswers = (window: string) =>
  `sum(rate(${ofServer(S.gatewayResponses, { proxy: GATEWAY_FRONTEND })}[${window}]))`;

/** Over five minutes, and still: a burst that is over does not stay in the long window as an alert. */
function isHigh(of: (window: string) => string, all: (window: string) => string): string {
  const over = (window: string) => `${of(window)} / ${all(window)} > ${THRESHOLDS.errorRatio}`;
  return `${over('5m')} and ${over('2m')} and ${of('5m')} > 0.1`;
}

/** Alerts about processes, servers and what clients get from them. */
export const SERVER_ALERTS: readonly Alert[] = [
  {
    name: 'TargetDown',
    severity: 'ticket',
    expr: () => `${ofServer(S.up)} < 1`,
    forSeconds: 120,
    summary: '{{ $labels.instance }} ({{ $labels.job }}) serves no metrics',
    description: 'The process is down or does not answer. Others of its kind may go on.',
    runbook: 'a-server-or-a-process-is-down',
    panel: 'servers/up',
  },
  {
    name: 'ServiceDown',
    severity: 'page',
    expr: () => `max by (job) (${ofServer(S.up)}) < 1`,
    forSeconds: 60,
    summary: 'No process of {{ $labels.job }} serves metrics',
    description: 'All of its processes are down, or do not answer.',
    runbook: 'a-server-or-a-process-is-down',
    panel: 'servers/up',
  },
  {
    name: 'StoreDown',
    severity: 'page',
    expr: () =>
      [S.postgresUp, S.redisUp, S.pgbouncerUp].map((name) => `${ofServer(name)} < 1`).join(' or '),
    forSeconds: 60,
    summary: '{{ $labels.instance }} does not reach its server',
    description: 'The exporter runs, but Postgres, Redis or PgBouncer does not answer it.',
    runbook: 'a-server-or-a-process-is-down',
    panel: 'servers/up',
  },
  {
    name: 'BackendEmpty',
    severity: 'page',
    // Other backends hold tables of clients, and no servers.
    expr: () => `${ofServer(S.gatewayServers, { proxy: '~command-api|query-api' })} < 1`,
    forSeconds: 60,
    summary: 'The gateway has no process of {{ $labels.proxy }} that is ready',
    description: 'Clients get 503 from the gateway.',
    runbook: 'a-server-or-a-process-is-down',
    panel: 'servers/gateway-servers',
  },
  {
    name: 'ErrorRateHigh',
    severity: 'page',
    expr: () => isHigh(faults, answers),
    forSeconds: 300,
    summary: '{{ $labels.job }} answers many requests with 5xx',
    description:
      'More than one in twenty over five minutes. Refusals that a caller brings about are left out.',
    runbook: 'an-error-budget-burns',
    panel: 'overview/errors',
  },
  {
    name: 'GatewayErrorRateHigh',
    severity: 'page',
    // Without the 5xx of services: the gateway cannot tell faults from what callers bring about.
    expr: () => isHigh(gatewayFaultRate, gatewayAnswers),
    forSeconds: 300,
    summary: 'The gateway itself answers many requests with 5xx',
    description:
      'More than one in twenty over five minutes: no process is ready, too many requests wait, or answers break off. What services answer is `ErrorRateHigh`.',
    runbook: 'an-error-budget-burns',
    panel: 'overview/gateway',
  },
  {
    name: 'RequestsShed',
    severity: 'ticket',
    expr: () => `sum by (job) (rate(${series(http.shed)}[5m])) > 0.1`,
    forSeconds: 300,
    summary: '{{ $labels.job }} refuses requests because it is overloaded',
    description: 'More arrives than it can decide in time. Callers come back later.',
    runbook: '503-overloaded',
    panel: 'write/shed',
  },
];
