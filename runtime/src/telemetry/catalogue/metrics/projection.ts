import { DELAY_SECONDS, SIZES, WORK_SECONDS } from '../boundaries.ts';
import type { MetricDefinition } from '../definition.ts';

const VERSION = ['zameni.projection.version', 'zameni.projection.state'] as const;

/**
 * Projections and parked subjects. The active projector measures them; one that stands by reports
 * none of them. `zameni.read_model.*` is what the query API sees, also while no projector lives.
 */
export const PROJECTION_METRICS = {
  position: {
    name: 'zameni.projection.position',
    kind: 'observed-gauge',
    unit: '{position}',
    description: 'Checkpoint of the projection',
    attributes: VERSION,
  },
  head: {
    name: 'zameni.log.head',
    kind: 'observed-gauge',
    unit: '{position}',
    description: 'Head of the log, as the active projector last saw it',
    attributes: [],
  },
  lag: {
    name: 'zameni.projection.lag',
    kind: 'observed-gauge',
    unit: '{record}',
    description: 'Positions between the checkpoint and the head of the log',
    attributes: VERSION,
  },
  lagDuration: {
    name: 'zameni.projection.lag.duration',
    kind: 'observed-gauge',
    unit: 's',
    description: 'For how long the head of the log has been past the checkpoint; 0 if it is not',
    attributes: VERSION,
  },
  checkpointAge: {
    name: 'zameni.projection.checkpoint.age',
    kind: 'observed-gauge',
    unit: 's',
    description: 'Time since the checkpoint was last moved, or found to be at the head',
    attributes: VERSION,
  },
  batchSize: {
    name: 'zameni.projection.batch.size',
    kind: 'histogram',
    unit: '{record}',
    description: 'Records of a batch',
    attributes: VERSION,
    boundaries: SIZES,
  },
  batchDuration: {
    name: 'zameni.projection.batch.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time to read, apply and cache a batch',
    attributes: VERSION,
    boundaries: WORK_SECONDS,
  },
  readableDuration: {
    name: 'zameni.projection.readable.duration',
    kind: 'histogram',
    unit: 's',
    description:
      'Time from the decision about a record to its row and cache entry; records of the live version, however late, that are not parked',
    attributes: [],
    boundaries: DELAY_SECONDS,
  },
  records: {
    name: 'zameni.projection.records',
    kind: 'counter',
    unit: '{record}',
    description: 'Records that the checkpoint has passed: applied, or parked',
    attributes: VERSION,
  },
  parkedSubjects: {
    name: 'zameni.parked.subjects',
    kind: 'observed-gauge',
    unit: '{subject}',
    description: 'Subjects that are parked',
    attributes: VERSION,
  },
  parkings: {
    name: 'zameni.parked.parkings',
    kind: 'counter',
    unit: '{subject}',
    description: 'Subjects that became parked',
    attributes: VERSION,
  },
  readModelLag: {
    name: 'zameni.read_model.lag',
    kind: 'observed-gauge',
    unit: '{record}',
    description:
      'Positions between the checkpoint of the live version on the primary and the head of the log, as the query API sees them',
    attributes: [],
  },
  readModelLagDuration: {
    name: 'zameni.read_model.lag.duration',
    kind: 'observed-gauge',
    unit: 's',
    description:
      'For how long the query API has seen the head of the log past that checkpoint; 0 if it is not',
    attributes: [],
  },
} as const satisfies Record<string, MetricDefinition>;

/** Work under a lease, and what it has left to do. */
export const WORK_METRICS = {
  leaseActive: {
    name: 'zameni.lease.active',
    kind: 'observed-gauge',
    unit: '{lease}',
    description: '1 in the process that holds the lease of the work, 0 in one that stands by',
    attributes: ['zameni.lease.work'],
  },
  leaseStalled: {
    name: 'zameni.lease.stalled',
    kind: 'observed-gauge',
    unit: '{work}',
    description: '1 while the work cannot go on',
    attributes: ['zameni.lease.work'],
  },
  leaseLost: {
    name: 'zameni.lease.lost',
    kind: 'counter',
    unit: '{lease}',
    description: 'Leases that the process lost while it worked',
    attributes: ['zameni.lease.work'],
  },
  leaseFailures: {
    name: 'zameni.lease.failures',
    kind: 'counter',
    unit: '{failure}',
    description: 'Runs of the work, and tries to take its lease, that failed and are repeated',
    attributes: ['zameni.lease.work'],
  },
  logCopies: {
    name: 'zameni.log.copy',
    kind: 'observed-gauge',
    unit: '{copy}',
    description:
      '1 for the state in which the auditor knows the copy of the log to be, 0 for others',
    attributes: ['zameni.log.server', 'zameni.log.copy.state'],
  },
  deletionsLeft: {
    name: 'zameni.erasure.deletion_records',
    kind: 'observed-gauge',
    unit: '{record}',
    description: 'Deletion records that the eraser has left to do',
    attributes: [],
  },
  erasuresUnderWay: {
    name: 'zameni.erasure.under_way',
    kind: 'observed-gauge',
    unit: '{erasure}',
    description: 'Erasures that one of the stores has not done yet',
    attributes: [],
  },
  erasureOldest: {
    name: 'zameni.erasure.oldest.age',
    kind: 'observed-gauge',
    unit: 's',
    description: 'Age of the oldest erasure that is under way; 0 if there is none',
    attributes: [],
  },
  keysLeft: {
    name: 'zameni.rotation.keys_left',
    kind: 'observed-gauge',
    unit: '{key}',
    description: "People's keys that a rotation has left to wrap again",
    attributes: [],
  },
} as const satisfies Record<string, MetricDefinition>;
