import { REQUEST_SECONDS, WORK_SECONDS } from '../boundaries.ts';
import type { MetricDefinition } from '../definition.ts';

/** Postgres and Redis as their clients see them, and where reads are answered from. */
export const STORE_METRICS = {
  connections: {
    name: 'db.client.connection.count',
    kind: 'observed-up-down-counter',
    unit: '{connection}',
    description: 'Connections of a pool, by state',
    attributes: ['db.client.connection.pool.name', 'db.client.connection.state'],
  },
  maxConnections: {
    name: 'db.client.connection.max',
    kind: 'observed-up-down-counter',
    unit: '{connection}',
    description: 'Most connections of a pool',
    attributes: ['db.client.connection.pool.name'],
  },
  pendingRequests: {
    name: 'db.client.connection.pending_requests',
    kind: 'observed-up-down-counter',
    unit: '{request}',
    description: 'Queries that wait for a connection of a pool',
    attributes: ['db.client.connection.pool.name'],
  },
  waitTime: {
    name: 'db.client.connection.wait_time',
    kind: 'histogram',
    unit: 's',
    description: 'Time that a query waited for a connection of a pool',
    attributes: ['db.client.connection.pool.name'],
    boundaries: WORK_SECONDS,
  },
  operationDuration: {
    name: 'db.client.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time of a query, without the wait for a connection',
    attributes: ['db.system.name', 'db.client.connection.pool.name', 'error.type'],
    boundaries: WORK_SECONDS,
  },
  cacheRequests: {
    name: 'zameni.cache.requests',
    kind: 'counter',
    unit: '{request}',
    description: 'Looks into the cache, by what they found',
    attributes: ['zameni.cache.result'],
  },
  cacheWrites: {
    name: 'zameni.cache.writes',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries that the projector has written to the cache',
    attributes: [],
  },
  watermarkAge: {
    name: 'zameni.cache.watermark.age',
    kind: 'observed-gauge',
    unit: 's',
    description: 'Time since the active projector last advanced the watermark of the cache',
    attributes: [],
  },
  breakerOpen: {
    name: 'zameni.breaker.open',
    kind: 'observed-gauge',
    unit: '{breaker}',
    description: '1 while calls to the dependency are not made, because it does not answer',
    attributes: ['zameni.breaker'],
  },
  reads: {
    name: 'zameni.reads',
    kind: 'counter',
    unit: '{read}',
    description: 'Reads of people and registrations, by the store that answered',
    attributes: ['zameni.read.source'],
  },
  waits: {
    name: 'zameni.wait.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time that a request waited for a position or an erasure',
    attributes: ['zameni.wait.for', 'zameni.wait.outcome'],
    boundaries: REQUEST_SECONDS,
  },
  replicaLag: {
    name: 'zameni.replica.lag',
    kind: 'observed-gauge',
    unit: '{record}',
    description:
      'Positions between the checkpoint on the primary and on the replica, while reads ask the replica',
    attributes: [],
  },
} as const satisfies Record<string, MetricDefinition>;
