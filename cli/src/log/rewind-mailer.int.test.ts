import { subjects } from '@zameni/contracts';
import { createMemoryLog, createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { adoptLog } from './adopt.ts';

const { signal } = new AbortController();
const idOf = (n: number) => `01980000-0000-7000-8000-${`${n}`.padStart(12, '0')}`;

test('the mailer goes back to the last record that it has read in both histories', async (t) => {
  const { pool } = await createTestDatabase(t);
  const log = createMemoryLog();
  // Of the accounts 1 and 2 in both histories; 3 and 4 were in the other one, 5 and 6 are here.
  for (const n of [1, 2, 5, 6]) {
    await log.append(
      [{ subject: subjects.account(idOf(n)), data: '{}', expectedPosition: 0 }],
      signal,
    );
  }
  for (const n of [1, 2, 3, 4]) {
    await pool.query(
      `insert into mailer.messages (cause, position, user_id, recipient, is_strangers, state)
       values ('registered', $1, $2::uuid, $2::uuid::text, false, 'sent')`,
      [n, idOf(n)],
    );
  }
  await pool.query(
    `update mailer.checkpoints set position = 4, is_of_other_log = true,
       anchors = '[{"position": 4, "time": "1", "is_event": true}]'`,
  );
  const report = await adoptLog(
    { log, pool, renewIncarnation: async () => 7 },
    { signal, reportStep: () => undefined },
  );
  t.deepEqual(report, { isIncarnationNew: false, version: null, mailsAfter: 2, erasedBefore: [] });
  const { rows } = await pool.query(
    `select position::integer, anchors, is_of_other_log,
       array(select m.position::integer from mailer.messages m order by 1) as mails
     from mailer.checkpoints`,
  );
  t.deepEqual(rows, [{ position: 2, anchors: [], is_of_other_log: false, mails: [1, 2] }]);
});
