import { METRICS } from '@zameni/runtime/instruments';
import { JOBS } from '../../prometheus/jobs.ts';
import { countOf, labelOf, series } from '../../prometheus/own-series.ts';
import { THRESHOLDS } from '../../prometheus/thresholds.ts';
import type { Dashboard } from '../dashboard.ts';
import { quantiles, shown, sumRate } from '../promql.ts';

const { projection, work } = METRICS;
const VERSION = labelOf('zameni.projection.version');
const STATE = labelOf('zameni.projection.state');
const WORK = labelOf('zameni.lease.work');
const IN = { instance: '~$instance' };
const LIVE = { [STATE]: 'live' };

const byVersion = (selector: string) => `max by (${VERSION}, ${STATE}) (${selector})`;
const versionLegend = `{{${VERSION}}} {{${STATE}}}`;

/** From the log to rows, what is parked, and work under leases. */
export const PROJECTIONS: Dashboard = {
  key: 'projections',
  uid: 'zameni-projections',
  title: 'Zameni: projections and parked subjects',
  description: 'Lag, batches, parked subjects, leases and erasures.',
  jobs: [JOBS.projector, JOBS.queryApi],
  rows: [
    {
      title: 'Lag',
      panels: [
        {
          key: 'lag-seconds',
          id: 1,
          title: 'Lag of the read model',
          description: 'For how long the log has been past it, as query APIs and projector see it.',
          unit: 's',
          queries: [
            { expr: `max(${series(projection.readModelLagDuration, IN)})`, legend: 'query API' },
            { expr: `max(${series(projection.lagDuration, LIVE)})`, legend: 'projector' },
          ],
          thresholds: [{ from: THRESHOLDS.readModelLagSeconds, color: 'red' }],
          runbook: 'the-read-model-lags',
        },
        {
          key: 'lag-records',
          id: 2,
          title: 'Lag in records',
          description: 'Positions between checkpoint and head, by version of the read models.',
          unit: 'short',
          queries: [{ expr: byVersion(series(projection.lag)), legend: versionLegend }],
          runbook: 'the-read-model-lags',
        },
        {
          key: 'readable',
          id: 3,
          title: 'Until a record is readable',
          description: 'From the decision to the row and the cache entry. 99.9 % within 1 s.',
          unit: 's',
          queries: quantiles(projection.readableDuration, {}),
          thresholds: [{ from: 1, color: 'red' }],
          runbook: 'the-read-model-lags',
        },
        {
          key: 'positions',
          id: 4,
          title: 'Checkpoint and head',
          description: 'Positions in the log.',
          unit: 'none',
          queries: [
            { expr: byVersion(series(projection.position)), legend: versionLegend },
            { expr: `max(${series(projection.head)})`, legend: 'head' },
          ],
        },
        {
          key: 'checkpoint-age',
          id: 5,
          title: 'Age of the checkpoint',
          description: 'Since it was moved, or found to be at the head.',
          unit: 's',
          queries: [{ expr: byVersion(series(projection.checkpointAge)), legend: versionLegend }],
          runbook: 'the-projector-is-not-ready',
        },
        {
          key: 'records',
          id: 6,
          title: 'Records applied',
          description: 'Per second, by version. A rebuild applies many more.',
          unit: 'ops',
          queries: [
            {
              expr: sumRate(series(projection.records), [VERSION, STATE]),
              legend: versionLegend,
            },
          ],
        },
        {
          key: 'batch-size',
          id: 7,
          title: 'Records of a batch',
          description: 'Batches grow with the load.',
          unit: 'short',
          queries: quantiles(projection.batchSize, LIVE),
        },
        {
          key: 'batch-duration',
          id: 8,
          title: 'Time of a batch',
          description: 'To read, apply and cache it.',
          unit: 's',
          queries: quantiles(projection.batchDuration, LIVE),
        },
        {
          key: 'batches',
          id: 9,
          title: 'Batches',
          description: 'Per second, of every version.',
          unit: 'ops',
          queries: [
            {
              expr: sumRate(countOf(projection.batchDuration), [VERSION]),
              legend: `{{${VERSION}}}`,
            },
          ],
        },
      ],
    },
    {
      title: 'Parked subjects',
      panels: [
        {
          key: 'parked',
          id: 10,
          title: 'Parked subjects',
          description: 'Accounts and attempts with a record that cannot be applied.',
          unit: 'none',
          queries: [{ expr: byVersion(series(projection.parkedSubjects)), legend: versionLegend }],
          thresholds: [
            { from: 1, color: 'orange' },
            { from: THRESHOLDS.manyParked, color: 'red' },
          ],
          runbook: 'a-parked-account',
          width: 12,
        },
        {
          key: 'parkings',
          id: 11,
          title: 'Subjects that became parked',
          description: 'Per second, by version.',
          unit: 'ops',
          queries: [
            { expr: sumRate(series(projection.parkings), [VERSION]), legend: `{{${VERSION}}}` },
          ],
          runbook: 'a-parked-account',
          width: 12,
        },
      ],
    },
    {
      title: 'Work under leases, and erasures',
      panels: [
        {
          key: 'leases',
          id: 12,
          title: 'Active processes',
          description: 'Exactly one for each kind of work.',
          unit: 'none',
          queries: [
            {
              expr: `sum by (${WORK}) (${series(work.leaseActive)})`,
              legend: shown('zameni.lease.work'),
            },
          ],
          runbook: 'a-leader-is-lost',
        },
        {
          key: 'stalled',
          id: 13,
          title: 'Stalled work',
          description: '1 while the work cannot go on; `/status` of the process has the reason.',
          unit: 'none',
          queries: [
            {
              expr: `max by (${WORK}) (${series(work.leaseStalled)})`,
              legend: shown('zameni.lease.work'),
            },
          ],
          thresholds: [{ from: 1, color: 'red' }],
          runbook: 'the-projector-is-not-ready',
        },
        {
          key: 'leases-lost',
          id: 14,
          title: 'Leases lost',
          description: 'By processes that worked, in an hour.',
          unit: 'none',
          queries: [
            {
              expr: `sum by (${WORK}) (increase(${series(work.leaseLost)}[1h]))`,
              legend: shown('zameni.lease.work'),
            },
          ],
          runbook: 'a-leader-is-lost',
        },
        {
          key: 'failures',
          id: 18,
          title: 'Runs that failed',
          description: 'And tries to take a lease, in an hour. Another process repeats them.',
          unit: 'none',
          queries: [
            {
              expr: `sum by (${WORK}) (increase(${series(work.leaseFailures)}[1h]))`,
              legend: shown('zameni.lease.work'),
            },
          ],
          runbook: 'the-projector-is-not-ready',
        },
        {
          key: 'erasures',
          id: 15,
          title: 'Age of the oldest erasure',
          description: 'Of those that one of the stores has not done yet.',
          unit: 's',
          queries: [{ expr: `max(${series(work.erasureOldest)})`, legend: 'oldest' }],
          thresholds: [{ from: THRESHOLDS.erasureSeconds, color: 'red' }],
          runbook: 'an-erasure-stays-under-way',
        },
        {
          key: 'erasures-under-way',
          id: 16,
          title: 'Erasures under way',
          description: 'And the deletion records that the eraser has left to do.',
          unit: 'none',
          queries: [
            { expr: `max(${series(work.erasuresUnderWay)})`, legend: 'erasures' },
            { expr: `max(${series(work.deletionsLeft)})`, legend: 'deletion records' },
          ],
          runbook: 'an-erasure-stays-under-way',
        },
        {
          key: 'keys-left',
          id: 17,
          title: 'Keys left to wrap again',
          description: 'During a rotation of the key-encryption key.',
          unit: 'none',
          queries: [{ expr: `max(${series(work.keysLeft)})`, legend: 'keys' }],
          runbook: 'zameni-keys-rotate-stops',
        },
      ],
    },
  ],
};
