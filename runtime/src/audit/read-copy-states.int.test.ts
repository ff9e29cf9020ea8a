import test from 'ava';
import { createTestDatabase } from '../testing/stores.ts';
import { readCopyStates } from './read-copy-states.ts';

test('what the auditor says is read with its reason', async (t) => {
  const { pool } = await createTestDatabase(t);
  await pool.query(
    `insert into zameni.log_servers (server, server_id, state, reason)
     values ('n1', 'a', 'healthy', null), ('n2', 'b', 'unknown', 'counts-differ')`,
  );
  t.deepEqual(
    await readCopyStates(pool),
    new Map([
      ['n1', { state: 'healthy', reason: null }],
      ['n2', { state: 'unknown', reason: 'counts-differ' }],
    ]),
  );
});
