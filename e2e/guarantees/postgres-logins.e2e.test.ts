import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PATIENCE_MS, readTestStack } from '@zameni/runtime/testing';
import test from 'ava';
import { openSuperuserPool } from '../support/superuser-pool.ts';

const stack = await readTestStack();
const { postgres, pgbouncer, folders } = stack;

test('who connects and does not log in is disconnected soon', async (t) => {
  await Promise.all(
    [pgbouncer, postgres.primary, postgres.replica].map(async ({ host, port }) => {
      const socket = connect(port, host).resume();
      t.teardown(() => socket.destroy());
      await once(socket, 'end', { signal: AbortSignal.timeout(PATIENCE_MS) });
      t.pass(`${port}`);
    }),
  );
});

test('no file of the pool has a password', async (t) => {
  const pool = openSuperuserPool(stack, { name: 'logins' });
  t.teardown(() => pool.end());
  const { rows } = await pool.query<{ rolname: string; rolpassword: string }>(
    `select rolname, rolpassword from pg_authid
     where rolname in ('zameni_projector', 'zameni_command', 'zameni_query', 'zameni_mailer')`,
  );
  t.is(rows.length, 4);
  const users = readFileSync(join(folders.root, 'pgbouncer', 'users.txt'), 'utf8');
  for (const { rolname, rolpassword } of rows) {
    // The pool logs in for a client only if the server stores the same.
    t.true(users.includes(`"${rolname}" "${rolpassword}"\n`), rolname);
  }
  t.regex(users, /^(?:"\w+" "SCRAM-SHA-256\$[^"]+"\n)+$/);
});
