import { context } from '@opentelemetry/api';
import type pg from 'pg';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { createHistogram, observe } from '../telemetry/metrics.ts';
import { createStoreCalls } from '../telemetry/store-calls.ts';
import { replaceMethod, watchCall } from './watch-calls.ts';

/** Most characters of a statement in a span. */
const MAX_STATEMENT = 1_000;

/**
 * Measures a pool: its connections, how long calls wait for one, and each query with its span. Our
 * SQL has values as parameters only, so statements in spans hold no data.
 */
export function measurePool(pool: pg.Pool, { name, namespace }: PoolLabels): void {
  const labels = { 'db.client.connection.pool.name': name } as const;
  observe(METRICS.store.connections, () => [
    { value: pool.idleCount, attributes: { ...labels, 'db.client.connection.state': 'idle' } },
    {
      value: pool.totalCount - pool.idleCount,
      attributes: { ...labels, 'db.client.connection.state': 'used' },
    },
  ]);
  observe(METRICS.store.maxConnections, () => [{ value: pool.options.max, attributes: labels }]);
  observe(METRICS.store.pendingRequests, () => [{ value: pool.waitingCount, attributes: labels }]);
  measureWaits(pool, labels);
  const beginCall = createStoreCalls({ 'db.system.name': 'postgresql', ...labels });
  pool.on('connect', (client) => {
    replaceMethod(client, 'query', (query) => (...args) => {
      const end = beginCall(() => describe(args[0], namespace));
      return watchCall(query, args, end);
    });
  });
}

/** What the pool is for, and the database as PgBouncer names it. */
export type PoolLabels = { readonly name: string; readonly namespace: string };

/**
 * A connection that is handed over wakes its next user in the context of its last one. So the
 * context of the caller is kept.
 */
function measureWaits(
  pool: pg.Pool,
  labels: { readonly 'db.client.connection.pool.name': string },
): void {
  const measureWait = createHistogram(METRICS.store.waitTime);
  replaceMethod(pool, 'connect', (connect) => (...args) => {
    const startedAt = performance.now();
    const end = () => measureWait((performance.now() - startedAt) / 1_000, labels);
    const [callback] = args;
    if (typeof callback === 'function') args[0] = context.bind(context.active(), callback);
    return watchCall(connect, args, end);
  });
}

function describe(query: unknown, namespace: string) {
  const text = typeof query === 'string' ? query : '';
  const operation = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? 'QUERY';
  return {
    name: `${operation} ${namespace}`,
    attributes: {
      'db.namespace': namespace,
      'db.operation.name': operation,
      'db.query.text': text.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_STATEMENT),
    },
  };
}
