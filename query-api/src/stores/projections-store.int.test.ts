import { ProjectionsView } from '@zameni/contracts';
import { createEmptyTestDatabase, createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { Value } from 'typebox/value';
import { createProjectionsReader } from './projections-store.ts';

const head = { readHead: async () => 53, pastForMs: () => 7_900 };
const advance = `update zameni.checkpoints set position = 50 where projection = 'accounts'`;
const rebuild = `insert into zameni.checkpoints (projection, version, position)
    values ('accounts', 2, 53);
  insert into zameni.read_models (version, state, selected) values (2, 'building', '{}')`;
const park = `insert into zameni.parked
  (projection, version, subject, position, last_position, waiting, reason)
  values ('accounts', 1, 'zameni.account.a', 40, 44, 2, 'fold-failed'),
    ('accounts', 1, 'zameni.attempt.b', 41, 41, 1, 'fold-failed')`;

test('shows each version of the projection, how far it is behind and what is parked', async (t) => {
  const { pool: primary } = await createTestDatabase(t);
  for (const sql of [advance, rebuild, park]) await primary.query(sql);
  const view = await createProjectionsReader({ primary, head })();
  t.true(Value.Check(ProjectionsView, view));
  t.deepEqual(view, {
    head: 53,
    projections: [
      {
        name: 'accounts',
        version: 1,
        state: 'live',
        position: 50,
        lag: 3,
        lagSeconds: 7,
        parked: 2,
      },
      {
        name: 'accounts',
        version: 2,
        state: 'building',
        position: 53,
        lag: 0,
        lagSeconds: 0,
        parked: 0,
      },
    ],
  });
});

test('without the log there is no lag, only positions', async (t) => {
  const { pool: primary } = await createTestDatabase(t);
  await primary.query(advance);
  const away = { ...head, readHead: async () => undefined };
  const view = await createProjectionsReader({ primary, head: away })();
  t.true(Value.Check(ProjectionsView, view));
  t.deepEqual(view, {
    head: null,
    projections: [
      {
        name: 'accounts',
        version: 1,
        state: 'live',
        position: 50,
        lag: null,
        lagSeconds: null,
        parked: 0,
      },
    ],
  });
});

test('without its tables the store is unavailable', async (t) => {
  const { pool: primary } = await createEmptyTestDatabase(t);
  const message = /read model cannot be reached/;
  await t.throwsAsync(createProjectionsReader({ primary, head })(), { message });
});
