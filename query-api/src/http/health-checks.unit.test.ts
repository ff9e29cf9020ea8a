import { createHttpApp } from '@zameni/runtime';
import { createSilentLogger } from '@zameni/runtime/testing';
import test from 'ava';
import { createHealthChecks } from './health-checks.ts';

const there = async () => 'pong';
const away = async () => Promise.reject(new Error('away'));

const hangs = () => new Promise<never>(() => undefined);

test('no loss of what all processes share makes one not ready', async (t) => {
  const shared = { replica: away, primary: away, redis: away, counters: away, nats: hangs };
  const app = createHttpApp({ logger: createSilentLogger(), ...createHealthChecks(shared) });
  t.teardown(() => app.close());
  const response = await app.inject('/readyz');
  t.is(response.statusCode, 200);
  const degraded = ['postgres-replica', 'postgres-primary', 'redis', 'redis-counters', 'nats'];
  t.deepEqual(response.json(), { ready: true, missing: [], degraded });
});

test('names each degraded dependency', async (t) => {
  const { degradedChecks } = createHealthChecks({
    replica: there,
    primary: away,
    redis: there,
    counters: away,
    nats: there,
  });
  const names = Object.keys(degradedChecks);
  const results = await Promise.allSettled(names.map(async (name) => degradedChecks[name]?.()));
  t.deepEqual(
    names.filter((_, index) => results[index]?.status === 'rejected'),
    ['postgres-primary', 'redis-counters'],
  );
});
