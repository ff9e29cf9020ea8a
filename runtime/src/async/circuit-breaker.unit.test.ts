import test from 'ava';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { collectTelemetry } from '../testing/telemetry.ts';
import { createBreaker } from './circuit-breaker.ts';

const failing = async () => Promise.reject(new Error('away'));
const working = async () => 'there';

function createTestBreaker() {
  const reported: string[] = [];
  const clock = { nowMs: 0 };
  const breaker = createBreaker({
    name: 'cache',
    failuresToOpen: 3,
    openMs: 500,
    now: () => clock.nowMs,
    onOpen: () => reported.push('open'),
    onClose: () => reported.push('closed'),
  });
  return { breaker, clock, reported };
}

test.serial('reports whether it is open', async (t) => {
  const telemetry = await collectTelemetry(t);
  const { breaker, clock } = createTestBreaker();
  const isOpen = async () => (await telemetry.valuesOf(METRICS.store.breakerOpen)).at(-1)?.value;
  t.is(await isOpen(), 0);
  for (let i = 0; i < 3; i += 1) await breaker.run(failing);
  t.is(await isOpen(), 1);
  clock.nowMs = 501;
  await breaker.run(working);
  t.is(await isOpen(), 0);
});

test('passes calls and returns undefined for one that fails', async (t) => {
  const { breaker, reported } = createTestBreaker();
  t.is(await breaker.run(working), 'there');
  t.is(await breaker.run(failing), undefined);
  t.is(await breaker.run(working), 'there');
  t.deepEqual(reported, []);
});

test('opens after three failures in a row and then calls nothing', async (t) => {
  const { breaker, reported } = createTestBreaker();
  for (let i = 0; i < 3; i += 1) await breaker.run(failing);
  await breaker.run(async () => t.fail('called while open'));
  t.deepEqual(reported, ['open']);
});

test('passes one call after the pause, and closes when it succeeds', async (t) => {
  const { breaker, clock, reported } = createTestBreaker();
  for (let i = 0; i < 3; i += 1) await breaker.run(failing);
  clock.nowMs = 500;
  const probe = Promise.withResolvers<string>();
  const probing = breaker.run(() => probe.promise);
  await breaker.run(async () => t.fail('called beside the probe'));
  probe.resolve('there');
  t.is(await probing, 'there');
  t.is(await breaker.run(working), 'there');
  t.deepEqual(reported, ['open', 'closed']);
});

test('a probe that fails opens it again', async (t) => {
  const { breaker, clock, reported } = createTestBreaker();
  for (let i = 0; i < 3; i += 1) await breaker.run(failing);
  clock.nowMs = 500;
  await breaker.run(failing);
  clock.nowMs = 999;
  await breaker.run(async () => t.fail('called while open'));
  t.deepEqual(reported, ['open']);
});
