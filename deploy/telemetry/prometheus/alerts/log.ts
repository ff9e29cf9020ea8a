import { METRICS } from '@zameni/runtime/instruments';
import type { Alert } from '../alert.ts';
import { countOf, labelOf, series } from '../own-series.ts';
import { ofServer, SERVER_SERIES as S } from '../server-series.ts';
import { THRESHOLDS } from '../thresholds.ts';

const { commit, work } = METRICS;
const logUse = `max(${ofServer(S.streamBytes)}) / max(${ofServer(S.streamMaxBytes)})`;

/** Command APIs say what they are configured with; while they differ, the lowest bound counts. */
const publicBound = `min(${series(commit.roomBound, { [labelOf('zameni.registration.kind')]: 'public' })})`;
const maxAttempts = `min(${series(commit.maxLiveAttempts)})`;

const copies = (state: string) =>
  series(work.logCopies, { [labelOf('zameni.log.copy.state')]: state });
const isTrueOf = (copies: string) => `max by (${labelOf('zameni.log.server')}) (${copies}) == 1`;

/** Alerts about the log and what is appended to it. */
export const LOG_ALERTS: readonly Alert[] = [
  {
    name: 'LogWithoutLeader',
    severity: 'page',
    // Without figures of any server nobody knows; then `ServiceDown` speaks of the exporter.
    expr: () =>
      `(max(${ofServer(S.streamLeader)}) or vector(0)) < 1 and max(${ofServer(S.natsUp)}) == 1`,
    forSeconds: 60,
    summary: 'No server leads the log',
    description: 'Nothing is accepted and nothing is projected until two of its servers agree.',
    runbook: 'a-leader-is-lost',
    panel: 'write/leader',
  },
  {
    name: 'LogServerDown',
    severity: 'ticket',
    expr: () => `${ofServer(S.natsUp)} < 1`,
    forSeconds: 120,
    summary: 'The server {{ $labels.server }} of the log does not answer',
    description: 'The other two go on. If a second one fails, nothing is accepted.',
    runbook: 'a-server-or-a-process-is-down',
    panel: 'servers/up',
  },
  {
    name: 'LogReplicaBehind',
    severity: 'ticket',
    expr: () =>
      `max by (replica) (${ofServer(S.streamReplicaLag)}) > ${THRESHOLDS.logReplicaLagRecords} or min by (replica) (${ofServer(S.streamReplicaCurrent)}) < 1`,
    forSeconds: 300,
    summary: 'The server {{ $labels.replica }} of the log is behind its leader',
    description: 'It cannot take over before it has caught up, and erasures wait for it.',
    runbook: 'a-replica-is-behind',
    panel: 'write/log-replicas',
  },
  {
    name: 'LogCopyDamaged',
    severity: 'page',
    // While auditors take over from each other, no process knows of the damage.
    expr: () => isTrueOf(`max_over_time(${copies('damaged')}[10m])`),
    forSeconds: 0,
    summary: `The server {{ $labels.${labelOf('zameni.log.server')} }} lost records of the log`,
    description:
      'It does not lead, and nothing is accepted while it does. The loss of another server would stop registration.',
    runbook: 'a-server-of-the-log-is-damaged',
    panel: 'write/log-copies',
  },
  {
    name: 'LogCopyUnknown',
    severity: 'ticket',
    expr: () => isTrueOf(copies('unknown')),
    forSeconds: 900,
    summary: `The server {{ $labels.${labelOf('zameni.log.server')} }} came back and is not compared yet`,
    description: 'It does not catch up, or its copy cannot be read.',
    runbook: 'a-server-of-the-log-is-damaged',
    panel: 'write/log-copies',
  },
  {
    name: 'LogNearBound',
    severity: 'ticket',
    expr: () => `${logUse} > ${THRESHOLDS.logRoomNearShare} * ${publicBound}`,
    forSeconds: 600,
    summary: 'The log is near its bound',
    description:
      'Soon registrations of the public are refused: from ZAMENI_ATTEMPTS_LOG_PERCENT of it on.',
    runbook: 'the-log-is-near-its-bound',
    panel: 'write/log-room',
  },
  {
    name: 'LogRefusesPublic',
    severity: 'page',
    expr: () => `${logUse} >= ${publicBound}`,
    forSeconds: 60,
    summary: 'The log refuses registrations of the public',
    description:
      'It holds ZAMENI_ATTEMPTS_LOG_PERCENT of its bound. Vouched ones stop at their own percentage.',
    runbook: 'the-log-is-near-its-bound',
    panel: 'write/log-room',
  },
  {
    name: 'AttemptsNearBound',
    severity: 'ticket',
    expr: () =>
      `max(${series(commit.liveAttempts)}) > ${THRESHOLDS.liveAttemptsShare} * ${maxAttempts}`,
    forSeconds: 300,
    summary: 'Many attempts await proof',
    description:
      'Past the bound (ZAMENI_MAX_LIVE_ATTEMPTS) registrations of the public are refused.',
    runbook: 'the-log-is-near-its-bound',
    panel: 'write/attempts',
  },
  {
    name: 'ConflictStorm',
    severity: 'ticket',
    expr: () =>
      `sum(rate(${series(commit.conflicts)}[5m])) / sum(rate(${countOf(commit.duration)}[5m])) > ${THRESHOLDS.conflictRatio} and sum(rate(${series(commit.conflicts)}[5m])) > 1`,
    forSeconds: 600,
    summary: 'Most groups of commands meet a conflict',
    description: 'Groups are decided again, so answers take longer. Nothing is wrong in the log.',
    runbook: 'a-storm-of-conflicts',
    panel: 'write/conflicts',
  },
];
