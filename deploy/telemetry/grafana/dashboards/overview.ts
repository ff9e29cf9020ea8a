import { METRICS } from '@zameni/runtime/instruments';
import { badRatio } from '../../prometheus/burn-rate.ts';
import { gatewayFaultRate } from '../../prometheus/gateway-faults.ts';
import { FAULTS, TELLING, UNASKED } from '../../prometheus/http-answers.ts';
import { JOBS } from '../../prometheus/jobs.ts';
import { countOf, labelOf, series } from '../../prometheus/own-series.ts';
import { GATEWAY_FRONTEND, ofServer, SERVER_SERIES as S } from '../../prometheus/server-series.ts';
import { SLOS } from '../../prometheus/slos.ts';
import { THRESHOLDS } from '../../prometheus/thresholds.ts';
import type { Dashboard } from '../dashboard.ts';
import { CHOSEN, quantileOf, sumRate } from '../promql.ts';

const { http, commit, projection, mail, store } = METRICS;
const STATE = labelOf('db.client.connection.state');
const POOL = labelOf('db.client.connection.pool.name');
const PUBLIC = { ...CHOSEN, [labelOf('http.route')]: '~/v1/.+' };

const answers = sumRate(countOf(http.requestDuration, { ...PUBLIC, ...TELLING }), ['job']);
const faults = sumRate(countOf(http.requestDuration, { ...PUBLIC, ...FAULTS }), ['job']);

/** The owner's five metrics, the promises, and what is on fire. */
export const OVERVIEW: Dashboard = {
  key: 'overview',
  uid: 'zameni-overview',
  title: 'Zameni: overview',
  description: 'Requests, latency, pools, queues and errors; the promises and the alerts.',
  jobs: [JOBS.commandApi, JOBS.queryApi],
  rows: [
    {
      title: 'State',
      panels: [
        {
          key: 'alerts',
          id: 1,
          title: 'Alerts that fire',
          description: 'Pages and tickets. Each names its entry of the runbook.',
          unit: 'none',
          shape: 'number',
          queries: [
            {
              expr: 'count(ALERTS{alertstate="firing",system="zameni"}) or vector(0)',
              legend: 'alerts',
            },
          ],
          thresholds: [{ from: 1, color: 'red' }],
          width: 4,
        },
        {
          key: 'targets',
          id: 2,
          title: 'Processes that serve metrics',
          description: 'By job. One that is missing is down or does not answer.',
          unit: 'none',
          shape: 'number',
          queries: [{ expr: `sum by (job) (${ofServer(S.up)})`, legend: '{{job}}' }],
          runbook: 'a-server-or-a-process-is-down',
          width: 20,
        },
      ],
    },
    {
      title: 'Five metrics',
      panels: [
        {
          key: 'requests',
          id: 3,
          title: 'Requests per second',
          description: 'Public requests, by service.',
          unit: 'reqps',
          queries: [
            { expr: sumRate(countOf(http.requestDuration, PUBLIC), ['job']), legend: '{{job}}' },
          ],
        },
        {
          key: 'latency-commands',
          id: 4,
          title: 'Latency of commands',
          description:
            'Until a majority of the servers has the records on disk. Without imports, and without those that were asked to wait.',
          unit: 's',
          queries: latency(JOBS.commandApi),
          thresholds: [{ from: 1, color: 'red' }],
        },
        {
          key: 'latency-queries',
          id: 5,
          title: 'Latency of queries',
          description: 'Without reads that waited for a position because the caller asked for it.',
          unit: 's',
          queries: latency(JOBS.queryApi),
          thresholds: [{ from: 0.5, color: 'red' }],
        },
        {
          key: 'pools',
          id: 6,
          title: 'Pool use',
          description: 'Share of the connections of each pool that are in use.',
          unit: 'percentunit',
          queries: [
            {
              expr: `sum by (job, ${POOL}) (${series(store.connections, { ...CHOSEN, [STATE]: 'used' })}) / sum by (job, ${POOL}) (${series(store.maxConnections, CHOSEN)})`,
              legend: `{{job}} {{${POOL}}}`,
            },
          ],
          thresholds: [{ from: THRESHOLDS.poolUse, color: 'red' }],
          runbook: 'a-pool-has-no-free-connection',
        },
        {
          key: 'queues',
          id: 7,
          title: 'Queue depth',
          description:
            'What waits: for a group, for the projection, for the mailer, at the gateway.',
          unit: 'short',
          queries: [
            { expr: `sum(${series(commit.queueLength)})`, legend: 'intents for a group' },
            { expr: `max(${series(projection.lag)})`, legend: 'records for the projection' },
            { expr: `max(${series(mail.lag)})`, legend: 'records for the mailer' },
            {
              expr: `sum by (proxy) (${ofServer(S.gatewayQueue)})`,
              legend: 'requests at the gateway for {{proxy}}',
            },
          ],
          runbook: 'the-read-model-lags',
        },
        {
          key: 'errors',
          id: 8,
          title: 'Error rate',
          description:
            'Share of public requests that are answered with 5xx, by service. Refusals that a caller brings about are left out.',
          unit: 'percentunit',
          queries: [
            {
              expr: `(${faults} or 0 * ${answers}) / ${answers}`,
              legend: '{{job}}',
            },
          ],
          thresholds: [{ from: THRESHOLDS.errorRatio, color: 'red' }],
          runbook: 'an-error-budget-burns',
        },
      ],
    },
    {
      title: 'Promises',
      panels: [
        {
          key: 'budget',
          id: 9,
          title: 'Events that break a promise',
          description: SLOS.map(({ key, promise }) => `${key}: ${promise}.`).join(' '),
          unit: 'percentunit',
          queries: SLOS.map(({ key }) => ({ expr: badRatio(key, '5m'), legend: key })),
          thresholds: [{ from: 0.0144, color: 'red' }],
          runbook: 'an-error-budget-burns',
          width: 12,
        },
        {
          key: 'gateway',
          id: 10,
          title: 'What clients get from the gateway',
          description: 'Answers per second by class, and the 5xx that the gateway gives itself.',
          unit: 'reqps',
          queries: [
            {
              expr: sumRate(ofServer(S.gatewayResponses, { proxy: GATEWAY_FRONTEND }), ['code']),
              legend: '{{code}}',
            },
            { expr: gatewayFaultRate('$__rate_interval'), legend: '5xx of the gateway itself' },
          ],
          runbook: 'an-error-budget-burns',
          width: 12,
        },
      ],
    },
  ],
};

function latency(job: string) {
  const labels = {
    ...CHOSEN,
    job,
    [labelOf('http.route')]: job === JOBS.commandApi ? '~/v1/[^i].+' : '~/v1/.+',
    ...UNASKED,
  };
  return [0.5, 0.95, 0.99].map((quantile) => ({
    expr: quantileOf(quantile, http.requestDuration, labels),
    legend: `p${quantile * 100}`,
  }));
}
