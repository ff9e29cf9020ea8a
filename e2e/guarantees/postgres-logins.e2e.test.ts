import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { openSuperuserPool, readTestStack } from '@zameni/runtime/testing';
import test from 'ava';

const stack = await readTestStack();
const { postgres, pgbouncer, folders } = stack;

/** Milliseconds for a login: the servers wait for 5 s. Their own defaults are a minute. */
const LOGIN_MS = 20_000;

test('who connects and does not log in is disconnected soon', async (t) => {
  await Promise.all(
    [pgbouncer, postgres.primary, postgres.replica].map(async ({ host, port }) => {
      const socket = connect(port, host).resume();
      t.teardown(() => socket.destroy());
      await once(socket, 'end', { signal: AbortSignal.timeout(LOGIN_MS) });
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
  const folder = join(folders.root, 'pgbouncer');
  const users = readFileSync(join(folder, 'users.txt'), 'utf8');
  for (const file of readdirSync(folder)) {
    t.notRegex(readFileSync(join(folder, file), 'utf8'), /password\s*=/i, file);
  }
  for (const { rolname, rolpassword } of rows) {
    // The pool logs in for a client only if the server stores the same.
    t.true(users.includes(`"${rolname}" "${rolpassword}"\n`), rolname);
  }
  t.regex(users, /^(?:"\w+" "SCRAM-SHA-256\$[^"]+"\n)+$/);
});
