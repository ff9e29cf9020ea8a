import { METRICS } from '@zameni/runtime/instruments';
import { JOBS } from '../../prometheus/jobs.ts';
import { countOf, labelOf, series } from '../../prometheus/own-series.ts';
import { UNASKED } from '../../prometheus/http-answers.ts';
import type { Dashboard } from '../dashboard.ts';
import { LOG_ROW } from './log-row.ts';
import { CHOSEN, quantileOf, quantiles, shown, sumRate } from '../promql.ts';

const { http, commit } = METRICS;
const ROUTE = labelOf('http.route');
const STATUS = labelOf('http.response.status_code');
const PUBLIC = { ...CHOSEN, [ROUTE]: '~/v1/.+' };

/** From a command to the log. */
export const WRITE: Dashboard = {
  key: 'write',
  uid: 'zameni-write',
  title: 'Zameni: write side',
  description: 'Commands, group commit and the log.',
  jobs: [JOBS.commandApi],
  rows: [
    {
      title: 'Commands',
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
          description:
            'Latency of the slowest in a hundred, without those that were asked to wait.',
          unit: 's',
          queries: [
            {
              expr: quantileOf(0.99, http.requestDuration, { ...PUBLIC, ...UNASKED }, [
                'http.route',
              ]),
              legend: shown('http.route'),
            },
          ],
          thresholds: [{ from: 1, color: 'red' }],
        },
        {
          key: 'problems',
          id: 3,
          title: 'Problems by code',
          description: 'Answers with a problem document; docs/errors.md explains the codes.',
          unit: 'reqps',
          queries: [
            {
              expr: sumRate(series(http.problems, CHOSEN), [labelOf('zameni.problem.code')]),
              legend: shown('zameni.problem.code'),
              mayBeEmpty: 'no request was refused',
            },
          ],
        },
        {
          key: 'shed',
          id: 4,
          title: 'Requests shed',
          description: 'Refused before any work, because the process is overloaded.',
          unit: 'reqps',
          queries: [
            {
              expr: sumRate(series(http.shed), ['job', labelOf('zameni.shed.reason')]),
              legend: `{{job}} ${shown('zameni.shed.reason')}`,
            },
          ],
          runbook: '503-overloaded',
        },
      ],
    },
    {
      title: 'Group commit',
      panels: [
        {
          key: 'group-size',
          id: 5,
          title: 'Intents of a group',
          description: 'Groups grow with the load.',
          unit: 'short',
          queries: quantiles(commit.groupSize, CHOSEN),
        },
        {
          key: 'commit',
          id: 6,
          title: 'Time of a commit, p99',
          description: 'One try of a group: read, decide and append, by outcome.',
          unit: 's',
          queries: [
            {
              expr: quantileOf(0.99, commit.duration, CHOSEN, ['zameni.commit.outcome']),
              legend: shown('zameni.commit.outcome'),
            },
          ],
        },
        {
          key: 'wait',
          id: 7,
          title: 'From intent to answer',
          description: 'Time from the submission of an intent to its answer.',
          unit: 's',
          queries: quantiles(commit.waitDuration, CHOSEN),
        },
        {
          key: 'queue',
          id: 8,
          title: 'Intents that wait for a group',
          description: 'By process.',
          unit: 'short',
          queries: [
            {
              expr: `sum by (instance) (${series(commit.queueLength, CHOSEN)})`,
              legend: '{{instance}}',
            },
          ],
          runbook: '503-overloaded',
        },
        {
          key: 'conflicts',
          id: 9,
          title: 'Conflicts',
          description: 'Groups per second that met a change of somebody else, and all tries.',
          unit: 'ops',
          queries: [
            { expr: sumRate(series(commit.conflicts, CHOSEN)), legend: 'conflicts' },
            { expr: sumRate(countOf(commit.duration, CHOSEN)), legend: 'tries' },
          ],
          runbook: 'a-storm-of-conflicts',
        },
        {
          key: 'in-doubt',
          id: 10,
          title: 'Appends in doubt',
          description: 'Their reply was lost, and they were sent again.',
          unit: 'ops',
          queries: [{ expr: sumRate(series(commit.inDoubt, CHOSEN)), legend: 'appends' }],
          runbook: 'append-in-doubt-with-jetstream-error-10176',
        },
      ],
    },
    LOG_ROW,
  ],
};
