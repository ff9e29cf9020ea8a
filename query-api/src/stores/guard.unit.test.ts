import { createLogger } from '@zameni/runtime';
import { createDatabaseError } from '@zameni/runtime/testing';
import test from 'ava';
import { createGuard } from './guard.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const hangs = () => new Promise<never>(() => undefined);

test('an answer passes, and a failure keeps its reason', async (t) => {
  const guard = createGuard({ name: 'primary', deadlineMs: 1_000, logger });
  t.is(await guard(async () => 5), 5);
  t.is(await guard(async () => undefined), undefined);
  const error = await t.throwsAsync(guard(async () => Promise.reject(new RangeError('no'))));
  t.true(error instanceof RangeError);
});

test('what hangs is given up, and after three failures nothing is asked for a second', async (t) => {
  let nowMs = 0;
  const guard = createGuard({ name: 'primary', deadlineMs: 5, logger, now: () => nowMs });
  await Promise.all([1, 2, 3].map(() => t.throwsAsync(guard(hangs), { message: /in time/ })));
  let asked = 0;
  const answer = async () => (asked += 1);
  await t.throwsAsync(guard(answer), { message: /is not asked/ });
  t.is(asked, 0);
  nowMs = 1_001;
  t.is(await guard(answer), 1);
  t.is(await guard(answer), 2);
});

test('a statement that is refused says nothing about the database', async (t) => {
  const guard = createGuard({ name: 'primary', deadlineMs: 1_000, logger });
  const refusal = createDatabaseError('42501');
  for (let n = 0; n < 4; n += 1) {
    t.is(await t.throwsAsync(guard(async () => Promise.reject(refusal))), refusal);
  }
  t.is(await guard(async () => 5), 5);
  const away = createDatabaseError('57P03');
  for (let n = 0; n < 3; n += 1) await t.throwsAsync(guard(async () => Promise.reject(away)));
  await t.throwsAsync(
    guard(async () => 5),
    { message: /is not asked/ },
  );
});
