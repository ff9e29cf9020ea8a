import { EventEmitter } from 'node:events';
import test from 'ava';
import pg from 'pg';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { collectTelemetry, inTrace, toTraceparent } from '../testing/telemetry.ts';
import { SPANS } from '../telemetry/catalogue/spans.ts';
import { withSpan } from '../telemetry/trace.ts';
import { measurePool } from './measured-pool.ts';

type Answer = (error: Error | null, result?: unknown) => void;

/** A connection that answers at once: one row, or an SQLSTATE for `fail`. */
class EchoClient extends EventEmitter {
  /** The pool keeps connections of which this is true. */
  readonly _queryable = true;

  connect(done: (error: Error | null) => void): void {
    setImmediate(() => done(null));
  }

  query(text: string, values?: unknown, done?: Answer): Promise<unknown> | undefined {
    const error = text === 'fail' ? Object.assign(new Error('no'), { code: '23505' }) : null;
    if (done !== undefined) return void setImmediate(() => done(error, { rows: [values] }));
    return error === null ? Promise.resolve({ rows: [values] }) : Promise.reject(error);
  }

  end(done?: () => void): void {
    done?.();
  }
}

function openPool(max: number): pg.Pool {
  // The pool takes any client with these methods.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const Client = EchoClient as unknown as typeof pg.Client;
  const pool = new pg.Pool({ max, Client });
  measurePool(pool, { name: 'test', namespace: 'zameni_ro' });
  return pool;
}

const asCaller = (traceparent: string, run: () => Promise<unknown>) =>
  inTrace(traceparent, () => withSpan(SPANS.wait, {}, run));

const labels = { 'db.client.connection.pool.name': 'test' };

test.serial('queries are timed, with the code of a failure', async (t) => {
  const telemetry = await collectTelemetry(t);
  const pool = openPool(1);
  t.deepEqual((await pool.query('select $1', ['a'])).rows, [['a']]);
  await t.throwsAsync(pool.query('fail'), { message: 'no' });
  const client = await pool.connect();
  await client.query('select 2');
  await t.throwsAsync(client.query('fail'), { message: 'no' });
  client.release();
  const store = { 'db.system.name': 'postgresql', ...labels };
  const durations = await telemetry.valuesOf(METRICS.store.operationDuration);
  t.like(durations, [
    { attributes: store, value: 2 },
    { attributes: { ...store, 'error.type': '23505' }, value: 2 },
  ]);
  t.like(await telemetry.valuesOf(METRICS.store.waitTime), [{ attributes: labels, value: 3 }]);
});

test.serial('connections and those who wait for one are observed', async (t) => {
  const telemetry = await collectTelemetry(t);
  const pool = openPool(2);
  const [first, second] = [await pool.connect(), await pool.connect()];
  second.release();
  const third = await pool.connect();
  const waiting = pool.query('select 1');
  const valueOf = async (metric: (typeof METRICS.store)[keyof typeof METRICS.store]) =>
    (await telemetry.valuesOf(metric)).map(({ value }) => value);
  t.deepEqual(await valueOf(METRICS.store.connections), [0, 2]);
  t.deepEqual(await valueOf(METRICS.store.maxConnections), [2]);
  t.deepEqual(await valueOf(METRICS.store.pendingRequests), [1]);
  first.release();
  await waiting;
  third.release();
  t.deepEqual(await valueOf(METRICS.store.connections), [2, 0]);
  t.deepEqual(await valueOf(METRICS.store.pendingRequests), [0]);
});

test.serial(
  'each query is in the trace of its caller, also if it waited for another',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const pool = openPool(1);
    await Promise.all([
      asCaller(toTraceparent(1), () =>
        pool.query('select  secret\n from a where b = $1', ['vera']),
      ),
      asCaller(toTraceparent(2), () => pool.query('insert into a values ($1)', ['vera'])),
      asCaller(toTraceparent(3, { isSampled: false }), () => pool.query('select 3')),
      pool.query('select 4'),
    ]);
    const spans = telemetry.spans().filter(({ name }) => name !== SPANS.wait.name);
    t.deepEqual(
      spans.map(({ name, traceId }) => [name, Number(traceId)]),
      [
        ['SELECT zameni_ro', 1],
        ['INSERT zameni_ro', 2],
      ],
    );
    t.is(spans[0]?.attributes['db.query.text'], 'select secret from a where b = $1');
    t.false(JSON.stringify(spans).includes('vera'));
  },
);
