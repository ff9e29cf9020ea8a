import { METRICS } from '@zameni/runtime/instruments';
import { labelOf, series } from '../../prometheus/own-series.ts';
import { ofServer, SERVER_SERIES as S } from '../../prometheus/server-series.ts';
import { THRESHOLDS } from '../../prometheus/thresholds.ts';
import type { Row } from '../dashboard.ts';
import { CHOSEN, quantileOf, shown } from '../promql.ts';

const { commit, work } = METRICS;
const COPY = labelOf('zameni.log.server');
const COPY_STATE = labelOf('zameni.log.copy.state');

/** The log and its servers. */
export const LOG_ROW: Row = {
  title: 'Log',
  panels: [
    {
      key: 'append',
      id: 11,
      title: 'Operations on the log, p99',
      description: 'Until a majority of its servers has answered.',
      unit: 's',
      queries: [
        {
          expr: quantileOf(0.99, commit.appendDuration, CHOSEN, ['messaging.operation.name']),
          legend: shown('messaging.operation.name'),
        },
      ],
    },
    {
      key: 'log-room',
      id: 12,
      title: 'Room of the log',
      description: 'Part of its bound that the log has used, and from which on it refuses whom.',
      unit: 'percentunit',
      queries: [
        {
          expr: `max(${ofServer(S.streamBytes)}) / max(${ofServer(S.streamMaxBytes)})`,
          legend: 'servers of the log',
        },
        { expr: `max(${series(commit.roomUsed)})`, legend: 'command API' },
        {
          expr: `min by (${labelOf('zameni.registration.kind')}) (${series(commit.roomBound)})`,
          legend: `bound: ${shown('zameni.registration.kind')}`,
        },
      ],
      runbook: 'the-log-is-near-its-bound',
    },
    {
      key: 'attempts',
      id: 13,
      title: 'Attempts that await proof',
      description: 'Bounded by ZAMENI_MAX_LIVE_ATTEMPTS.',
      unit: 'short',
      queries: [
        { expr: `max(${series(commit.liveAttempts)})`, legend: 'attempts' },
        { expr: `min(${series(commit.maxLiveAttempts)})`, legend: 'bound' },
      ],
      runbook: 'the-log-is-near-its-bound',
    },
    {
      key: 'leader',
      id: 14,
      title: 'Leader of the log',
      description: 'Exactly one server leads.',
      unit: 'none',
      queries: [{ expr: `max by (server) (${ofServer(S.streamLeader)})`, legend: '{{server}}' }],
      runbook: 'a-leader-is-lost',
    },
    {
      key: 'log-replicas',
      id: 15,
      title: 'Lag of the log’s replicas',
      description: 'Operations that a server has not applied, as its leader sees it.',
      unit: 'short',
      queries: [
        {
          expr: `max by (replica) (${ofServer(S.streamReplicaLag)})`,
          legend: '{{replica}}',
        },
      ],
      thresholds: [{ from: THRESHOLDS.logReplicaLagRecords, color: 'red' }],
      runbook: 'a-replica-is-behind',
    },
    {
      key: 'log-copies',
      id: 17,
      title: 'Copies of the log',
      description: 'What the auditor knows of each server: healthy, unknown or damaged.',
      unit: 'none',
      queries: [
        {
          expr: `max by (${COPY}, ${COPY_STATE}) (${series(work.logCopies)}) > 0`,
          legend: `{{${COPY}}} {{${COPY_STATE}}}`,
        },
      ],
      runbook: 'a-server-of-the-log-is-damaged',
    },
    {
      key: 'messages',
      id: 16,
      title: 'Records in the log',
      description: 'Attempts leave it once they have ended; events stay.',
      unit: 'short',
      queries: [
        {
          expr: `max by (stream) (${ofServer(S.streamMessages)})`,
          legend: '{{stream}}',
        },
      ],
    },
  ],
};
