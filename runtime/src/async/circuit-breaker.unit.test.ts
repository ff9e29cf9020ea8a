import test from 'ava';
import { createBreaker } from './circuit-breaker.ts';

const failing = async () => Promise.reject(new Error('away'));
const working = async () => 'there';

function createTestBreaker() {
  const told: string[] = [];
  const clock = { nowMs: 0 };
  const breaker = createBreaker({
    failuresToOpen: 3,
    openMs: 500,
    now: () => clock.nowMs,
    onOpen: () => told.push('open'),
    onClose: () => told.push('closed'),
  });
  return { breaker, clock, told };
}

test('passes calls and answers undefined for one that fails', async (t) => {
  const { breaker, told } = createTestBreaker();
  t.is(await breaker.run(working), 'there');
  t.is(await breaker.run(failing), undefined);
  t.is(await breaker.run(working), 'there');
  t.deepEqual(told, []);
});

test('opens after three failures in a row and then calls nothing', async (t) => {
  const { breaker, told } = createTestBreaker();
  for (let i = 0; i < 3; i += 1) await breaker.run(failing);
  await breaker.run(async () => t.fail('called while open'));
  t.deepEqual(told, ['open']);
});

test('lets one call through when the pause is over, and closes when it succeeds', async (t) => {
  const { breaker, clock, told } = createTestBreaker();
  for (let i = 0; i < 3; i += 1) await breaker.run(failing);
  clock.nowMs = 500;
  const probe = Promise.withResolvers<string>();
  const probing = breaker.run(() => probe.promise);
  await breaker.run(async () => t.fail('called beside the probe'));
  probe.resolve('there');
  t.is(await probing, 'there');
  t.is(await breaker.run(working), 'there');
  t.deepEqual(told, ['open', 'closed']);
});

test('a probe that fails opens it anew', async (t) => {
  const { breaker, clock, told } = createTestBreaker();
  for (let i = 0; i < 3; i += 1) await breaker.run(failing);
  clock.nowMs = 500;
  await breaker.run(failing);
  clock.nowMs = 999;
  await breaker.run(async () => t.fail('called while open'));
  t.deepEqual(told, ['open']);
});
