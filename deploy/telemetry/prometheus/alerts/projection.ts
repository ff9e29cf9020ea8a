import { METRICS } from '@zameni/runtime/instruments';
import { type Alert, toDuration } from '../alert.ts';
import { labelOf, series } from '../own-series.ts';
import { THRESHOLDS } from '../thresholds.ts';

const { projection, work } = METRICS;
const WORK = labelOf('zameni.lease.work');
const STATE = labelOf('zameni.projection.state');

const lag = series(projection.readModelLagDuration);
const parked = `max(${series(projection.parkedSubjects, { [STATE]: 'live' })})`;

/** Over so many seconds a process must be active for half of the time. */
const LEADER_SECONDS = 180;

/** Work of which exactly one process is active, and what waits meanwhile. */
const LEADERS = [
  { name: 'Projection', label: 'projection', waits: 'Reads become older and older.' },
  { name: 'Eraser', label: 'eraser', waits: 'Erasures stay under way.' },
  { name: 'Mailer', label: 'mailer', waits: 'No mail is sent.' },
  { name: 'Auditor', label: 'auditor', waits: 'Damage to the log is not noticed.' },
] as const;

/** Alerts about the projection, what is parked, and erasures. */
export const PROJECTION_ALERTS: readonly Alert[] = [
  {
    name: 'ReadModelLags',
    severity: 'page',
    expr: (scaled) => `max(${lag}) > ${scaled(THRESHOLDS.readModelLagSeconds)}`,
    forSeconds: 120,
    summary: 'The read model is behind the log',
    description: 'What was accepted cannot be read yet. It is measured by the query API.',
    runbook: 'the-read-model-lags',
    panel: 'projections/lag-seconds',
  },
  {
    name: 'ReadModelLagUnknown',
    severity: 'page',
    expr: () => `absent(${lag})`,
    forSeconds: 300,
    summary: 'Nobody knows how far the read model is behind',
    description: 'No query API reports it: they do not run, or reach neither log nor primary.',
    runbook: 'the-read-model-lags',
    panel: 'projections/lag-seconds',
  },
  ...LEADERS.map(
    ({ name, label, waits }): Alert => ({
      name: `${name}WithoutLeader`,
      severity: 'page',
      expr: (scaled) => {
        const active = `sum(${series(work.leaseActive, { [WORK]: label })})`;
        // An average: two processes that fail in turn are each active for moments.
        const mostly = `avg_over_time(${active}[${toDuration(scaled(LEADER_SECONDS))}:]) < 0.5`;
        return `(${active} or vector(0)) < 1 or ${mostly}`;
      },
      forSeconds: 120,
      summary: `No process is active as ${name.toLowerCase()}`,
      description: `${waits} Every process stands by, has stalled or is down, most of the time.`,
      runbook: 'a-leader-is-lost',
      panel: 'projections/leases',
    }),
  ),
  {
    name: 'WorkStalls',
    severity: 'page',
    // Between two tries, and while a standby tries, no process says that it has stalled.
    expr: () => `max by (${WORK}) (max_over_time(${series(work.leaseStalled)}[2m])) > 0`,
    forSeconds: 300,
    summary: `The work {{ $labels.${WORK} }} cannot go on`,
    description: 'It tries again by itself and passes nothing over; `/status` has the reason.',
    runbook: 'the-projector-is-not-ready',
    panel: 'projections/stalled',
  },
  {
    name: 'WorkFails',
    severity: 'ticket',
    // Of work that fails after minutes, no scrape need see that it has stalled.
    expr: () => `sum by (${WORK}) (increase(${series(work.leaseFailures)}[15m])) > 1.5`,
    forSeconds: 1_200,
    summary: `The work {{ $labels.${WORK} }} fails again and again`,
    description: 'Processes take it over from each other, and each run of it fails.',
    runbook: 'the-projector-is-not-ready',
    panel: 'projections/failures',
  },
  {
    name: 'SubjectsParked',
    severity: 'ticket',
    expr: () => `${parked} > 0`,
    forSeconds: 300,
    summary: 'Accounts or attempts are parked',
    description: 'A record of each cannot be applied. Everybody else goes on.',
    runbook: 'a-parked-account',
    panel: 'projections/parked',
  },
  {
    name: 'ManySubjectsParked',
    severity: 'page',
    expr: () => `${parked} > ${THRESHOLDS.manyParked}`,
    forSeconds: 60,
    summary: 'Many accounts or attempts are parked',
    description: 'The fault is hardly theirs: a missing key, or a version that is too old.',
    runbook: 'a-parked-account',
    panel: 'projections/parked',
  },
  {
    name: 'ErasureStuck',
    severity: 'page',
    expr: (scaled) => `max(${series(work.erasureOldest)}) > ${scaled(THRESHOLDS.erasureSeconds)}`,
    forSeconds: 300,
    summary: 'An erasure has been under way for over an hour',
    description: 'One of the stores has not erased a person. Others may wait behind them.',
    runbook: 'an-erasure-stays-under-way',
    panel: 'projections/erasures',
  },
];
