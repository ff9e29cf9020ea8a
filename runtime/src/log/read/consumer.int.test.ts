import { consumerNames } from '@zameni/contracts';
import test from 'ava';
import { connectTestNats, createTestLog, PATIENCE_MS } from '../../testing/index.ts';
import { createConsumer } from './consumer.ts';

test('each consumer takes a free name, and without one none is made', async (t) => {
  const { stream } = await createTestLog(t);
  const nc = await connectTestNats(t, 'admin');
  const make = () =>
    createConsumer(
      { nc, stream, user: 'admin' },
      { from: 1, filters: [], deadlineMs: PATIENCE_MS },
    );
  const made = await Promise.all(consumerNames('admin').map(make));
  const names = made.map((consumer) => consumer?.requestSubject.split('.').at(-1) ?? '');
  t.deepEqual(names.toSorted(), [...consumerNames('admin')].toSorted());
  t.is(new Set(made.map((consumer) => consumer?.group)).size, names.length);
  for (const consumer of made) t.regex(consumer?.server ?? '', /^n[123]$/);
  t.is(await make(), undefined);
  await made[7]?.remove();
  const again = await make();
  t.is(again?.requestSubject, made[7]?.requestSubject);
  t.not(again?.group, made[7]?.group);
});

test('who reads the same at the same time never shares a consumer', async (t) => {
  const { stream } = await createTestLog(t);
  const nc = await connectTestNats(t, 'admin');
  const options = { from: 1, filters: [], deadlineMs: PATIENCE_MS, hasGroup: false };
  const make = () => createConsumer({ nc, stream, user: 'admin' }, options);
  const made = await Promise.all(consumerNames('admin').map(make));
  t.is(new Set(made.map((consumer) => consumer?.requestSubject)).size, made.length);
});
