import test from 'ava';
import { createHealthChecks } from './health-checks.ts';

const there = async () => 'pong';
const away = async () => Promise.reject(new Error('away'));
const hangs = () => new Promise<never>(() => undefined);

test('one of the two databases is enough', async (t) => {
  const replicaOnly = createHealthChecks({
    replica: there,
    primary: away,
    redis: away,
    nats: away,
  });
  await t.notThrowsAsync(async () => replicaOnly.checks['postgres']?.());
  const primaryOnly = createHealthChecks({
    replica: hangs,
    primary: there,
    redis: away,
    nats: away,
  });
  await t.notThrowsAsync(async () => primaryOnly.checks['postgres']?.());
});

test('without both it is not ready', async (t) => {
  const { checks } = createHealthChecks({
    replica: away,
    primary: away,
    redis: there,
    nats: there,
  });
  await t.throwsAsync(async () => checks['postgres']?.());
});

test('names each degraded dependency', async (t) => {
  const { degradedChecks } = createHealthChecks({
    replica: there,
    primary: away,
    redis: away,
    nats: there,
  });
  const names = Object.keys(degradedChecks);
  const results = await Promise.allSettled(names.map(async (name) => degradedChecks[name]?.()));
  t.deepEqual(
    names.filter((_, index) => results[index]?.status === 'rejected'),
    ['postgres-primary', 'redis'],
  );
});
