import { SIZES, WORK_SECONDS, REQUEST_SECONDS } from '../boundaries.ts';
import type { MetricDefinition } from '../definition.ts';

/** Group commit and the room of the log, in the command API. */
export const COMMIT_METRICS = {
  groupSize: {
    name: 'zameni.commit.group.size',
    kind: 'histogram',
    unit: '{intent}',
    description: 'Intents of a group when it begins',
    attributes: ['zameni.committer'],
    boundaries: SIZES,
  },
  duration: {
    name: 'zameni.commit.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time of one try of a group: read, decide and append',
    attributes: ['zameni.committer', 'zameni.commit.outcome'],
    boundaries: WORK_SECONDS,
  },
  waitDuration: {
    name: 'zameni.commit.wait.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time from the submission of an intent to its answer',
    attributes: ['zameni.committer'],
    boundaries: REQUEST_SECONDS,
  },
  conflicts: {
    name: 'zameni.commit.conflicts',
    kind: 'counter',
    unit: '{conflict}',
    description: 'Groups that met a change of somebody else and were decided again',
    attributes: ['zameni.committer'],
  },
  inDoubt: {
    name: 'zameni.commit.in_doubt',
    kind: 'counter',
    unit: '{append}',
    description: 'Appends whose reply was lost and which were sent again',
    attributes: [],
  },
  queueLength: {
    name: 'zameni.commit.queue.length',
    kind: 'observed-gauge',
    unit: '{intent}',
    description: 'Intents that wait for a group',
    attributes: ['zameni.committer'],
  },
  appendDuration: {
    name: 'messaging.client.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time of an operation on the log, until a majority of its servers has answered',
    attributes: ['messaging.system', 'messaging.operation.name', 'error.type'],
    boundaries: WORK_SECONDS,
  },
  roomUsed: {
    name: 'zameni.log.room.used',
    kind: 'observed-gauge',
    unit: '1',
    description: 'Part of its bound that the log has used, as the command API last saw it',
    attributes: [],
  },
  roomBound: {
    name: 'zameni.log.room.bound',
    kind: 'observed-gauge',
    unit: '1',
    description: 'Part of its bound from which on the log takes no more registrations of a kind',
    attributes: ['zameni.registration.kind'],
  },
  liveAttempts: {
    name: 'zameni.attempts.live',
    kind: 'observed-gauge',
    unit: '{attempt}',
    description: 'Attempts that await proof, as the command API last saw it',
    attributes: [],
  },
  maxLiveAttempts: {
    name: 'zameni.attempts.max',
    kind: 'observed-gauge',
    unit: '{attempt}',
    description: 'Attempts that may await proof at once (ZAMENI_MAX_LIVE_ATTEMPTS)',
    attributes: [],
  },
} as const satisfies Record<string, MetricDefinition>;
