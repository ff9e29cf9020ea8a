import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ACCOUNTS_PROJECTION, type RegisterCommand } from '@zameni/contracts';
import { type Pool, readSecret } from '@zameni/runtime';
import { openSuperuserPool, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createActors } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');
const fixtures = new URL('../../fixtures/', import.meta.url);
const system = await attachSystem();
const actors = await createActors(system, 'cli');
test.after.always(() => actors[Symbol.asyncDispose]());

type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Runs the program as a user does. `input` is piped into it. */
function run(args: readonly string[], input = ''): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const argv = [zameni, '--profile', system.stack.profile, ...args];
  const child = execFile(process.execPath, argv, { timeout: 90_000 }, (error, stdout, stderr) => {
    resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
  });
  // A run that refuses its arguments does not read its input.
  child.stdin?.on('error', () => undefined).end(input);
  return promise;
}

const peopleLines = readFileSync(new URL('people.ndjson', fixtures), 'utf8').trimEnd().split('\n');

/** The people of the fixtures under another domain, because another caller registers them here. */
function linesUnder(label: string): string[] {
  return peopleLines.flatMap((line) => {
    const body: RegisterCommand = JSON.parse(line);
    const email = body.email.trim().replace('@', `@${label}.`);
    // The longest addresses have no room for the label.
    return email.length > 240 ? [] : [JSON.stringify({ ...body, email })];
  });
}

function createFile(t: ExecutionContext, lines: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-cli-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'people.ndjson');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

/** The primary, where people can be found by their addresses. */
function connectDatabase(t: ExecutionContext): Pool {
  const pool = openSuperuserPool(system.stack, { name: 'cli.e2e' });
  t.teardown(() => pool.end());
  return pool;
}

/** Counts people with such addresses in the read model, once it has everything accepted so far. */
function countPeople(t: ExecutionContext, label: string): () => Promise<number> {
  const pool = connectDatabase(t);
  return async () => {
    const { rows } = await pool.query<{ count: number }>(
      'select count(*)::int as count from accounts.users where email like $1',
      [`%@${label}.%`],
    );
    return rows[0]?.count ?? 0;
  };
}

/** The id of the person who has an address, once the read model has them. */
async function findPerson(t: ExecutionContext, email: string): Promise<string> {
  const pool = connectDatabase(t);
  let id = '';
  await waitUntil(async () => {
    const { rows } = await pool.query<{ user_id: string }>(
      'select user_id from accounts.users where email = $1',
      [email],
    );
    id = rows[0]?.user_id ?? '';
    return id !== '';
  }, 30_000);
  return id;
}

function register(email: string) {
  return actors.register({
    email,
    displayName: 'Živa Cli',
    locale: 'sl-SI',
    termsVersion: '2026-01',
    profile: { note: 'red "blue"', height_cm: 182 },
  });
}

/** Waits until everything that was accepted before is readable. */
async function catchUp(email: string): Promise<void> {
  const { id, position } = await register(email);
  const args = ['user', id, '--min-position', position, '--wait', '30', '--json'];
  const { status, stderr } = await run(args);
  if (status !== 0) throw new Error(stderr);
}

// Serial: each test starts a process of its own, and the machine may have few cores.
test.serial(
  'the people of the fixtures are registered, and a second run duplicates nobody',
  async (t) => {
    const lines = linesUnder('twice');
    const path = createFile(t, lines);
    const count = countPeople(t, 'twice');
    const runOnce = async () => {
      const { status, stdout, stderr } = await run(['register', path, '--json']);
      t.is(stderr, '', 'no progress bar without a terminal');
      t.is(status, 0);
      const { seconds: _, ...report } = JSON.parse(stdout);
      return report;
    };
    const first = await runOnce();
    t.is(first.registered, lines.length);
    await waitUntil(async () => (await count()) >= lines.length, 60_000);
    t.deepEqual(await runOnce(), first);
    await catchUp('after-twice@example.org');
    t.is(await count(), lines.length);
  },
);

test.serial(
  'the unchanged fixtures, sent by the public, become attempts even on registered addresses',
  async (t) => {
    const path = fileURLToPath(new URL('people.ndjson', fixtures));
    const { status, stdout } = await run(['register', path, '--anonymous', '--concurrency', '256']);
    // The one line that exceeds what the public may send.
    const large = peopleLines.findIndex((line) => Buffer.byteLength(line) > 4_096) + 1;
    t.is(status, 1);
    t.regex(stdout, new RegExp(`^line ${large} +invalid +payload-too-large`));
    t.regex(stdout, /registered +0\naccepted +999 .*\nduplicate +0\ninvalid +1\nfailed +0\n/);
  },
);

test.serial('people who were erased since are counted as such and are no failure', async (t) => {
  const lines = linesUnder('erased').slice(0, 2);
  const path = createFile(t, lines);
  t.is((await run(['register', path])).status, 0);
  const id = await findPerson(t, JSON.parse(lines[0] ?? '').email);
  t.is((await actors.operator.eraseUser({ params: { id } })).status, 202);
  const { status, stdout } = await run(['register', path, '--json']);
  t.is(status, 0);
  const report = JSON.parse(stdout);
  t.like(report, { registered: 1, erased: 1, duplicate: 0, invalid: 0, failed: 0 });
  t.like(report.lines, [{ line: 1, result: 'erased', code: 'user-erased', status: 410 }]);
});

test.serial(
  'bad lines of a mixed file are reported by number, place and code, never by content',
  async (t) => {
    const good = linesUnder('mixed').slice(0, 3);
    const [first = ''] = good;
    const taken = JSON.stringify({ ...JSON.parse(first), displayName: 'Somebody Else' });
    const refused = readFileSync(new URL('refused.ndjson', fixtures), 'utf8').trimEnd().split('\n');
    const bad = refused.map((line) => JSON.parse(line));
    const texts = bad.map(({ body, raw }) => raw ?? JSON.stringify(body));
    // The first registration holds the address before a rival is sent.
    t.is((await run(['register', '-'], first)).status, 0);
    const input = [...good, '', ...texts, taken, 'x'.repeat(20_000)].join('\r\n');
    const { status, stdout } = await run(['register', '-', '--json'], input);
    t.is(status, 1);
    const report = JSON.parse(stdout);
    t.is(report.registered, 3);
    t.is(report.duplicate, 1);
    t.is(report.invalid, bad.length + 1);
    t.is(report.failed, 0);
    const expected = bad.map(({ pointer, code, raw }, index) =>
      raw === undefined ? [5 + index, 'invalid', pointer, code] : [5 + index, 'invalid', '', code],
    );
    expected.push([5 + bad.length, 'duplicate', '', 'address-taken']);
    expected.push([6 + bad.length, 'invalid', '', 'payload-too-large']);
    type Line = { line: number; result: string; code: string; errors: Record<string, string>[] };
    const reported = report.lines.map(({ line, result, code, errors }: Line) => [
      line,
      result,
      errors[0]?.['pointer'] ?? '',
      errors[0]?.['code'] ?? code,
    ]);
    t.deepEqual(reported, expected);
    const human = await run(['register', '-'], input);
    t.is(human.status, 1);
    for (const { email, displayName } of [
      ...bad.map(({ body }) => body ?? {}),
      JSON.parse(first),
    ]) {
      for (const value of [email, displayName].filter((text) => String(text).length > 8)) {
        t.false(`${stdout}${human.stdout}${human.stderr}`.includes(String(value)));
      }
    }
  },
);

test.serial(
  'Ctrl-C stops the sending, prints the summary and exits 130; a later run duplicates nobody',
  async (t) => {
    const lines = linesUnder('stopped').slice(0, 200);
    const count = countPeople(t, 'stopped');
    const argv = [zameni, '--profile', system.stack.profile, 'register', '-', '--json'];
    const child = spawn(process.execPath, argv, { stdio: 'pipe' });
    t.teardown(() => child.kill('SIGKILL'));
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    // The pipe stays open: the reader must end although more could come.
    child.stdin.write(`${lines.slice(0, 100).join('\n')}\n`);
    await waitUntil(async () => (await count()) >= 100, 30_000);
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    t.is(code, 130);
    const report = JSON.parse(stdout);
    t.is(report.stopped, 'interrupted');
    t.is(report.registered, 100);
    t.is(report.unfinished, 0);
    const again = await run(['register', createFile(t, lines), '--json']);
    t.is(again.status, 0);
    t.is(JSON.parse(again.stdout).registered, 200);
    await catchUp('after-stopped@example.org');
    t.is(await count(), 200);
  },
);

test.serial('user prints a person for people and for programs', async (t) => {
  const { id, position } = await register('živa@cli.example.org');
  const args = ['user', id, '--min-position', position, '--wait', '30'];
  const json = await run([...args, '--json']);
  t.is(json.status, 0);
  const report = JSON.parse(json.stdout);
  t.is(report.user.email, 'živa@cli.example.org');
  t.deepEqual(report.user.profile, { note: 'red "blue"', height_cm: 182 });
  t.regex(report.position, /^[A-Za-z0-9_-]{23}$/);
  const human = await run(args);
  t.regex(human.stdout, /^address +živa@cli\.example\.org \(not verified\)$/m);
  t.regex(human.stdout, /^profile\.height_cm +182$/m);
  t.false(human.stdout.includes('\u001b'));
});

test.serial('user reports by code why no person is printed', async (t) => {
  const nobody = ['user', '00000000-0000-4000-8000-000000000000', '--json'];
  const missing = await run(nobody);
  t.is(missing.status, 1);
  t.is(JSON.parse(missing.stdout).error.code, 'user-not-found');
  const stranger = await run([...nobody, '--token', await system.token([], 'stranger')]);
  t.is(JSON.parse(stranger.stdout).error.code, 'forbidden');
  const nowhere = await run([...nobody, '--url', 'http://127.0.0.1:9']);
  t.is(JSON.parse(nowhere.stdout).error.code, 'no-answer');
});

test.serial('parked reads the operator port and refuses what is not parked, by code', async (t) => {
  const list = await run(['parked', 'ls', '--json']);
  t.is(list.status, 0, list.stderr);
  t.true(Array.isArray(JSON.parse(list.stdout).parked));
  const nobody = '00000000-0000-4000-8000-000000000000';
  const codeOf = async (...args: readonly string[]) => {
    const { status, stdout } = await run(['parked', ...args, '--json']);
    t.is(status, 1, args.join(' '));
    return JSON.parse(stdout).error.code;
  };
  t.is(await codeOf('show', nobody), 'not-parked');
  t.is(await codeOf('discard', nobody, '--reason', 'test', '--position', '1'), 'not-found');
  const token = await system.token(['users:read'], 'stranger');
  t.is(await codeOf('ls', '--token', token), 'forbidden');
  t.is(await codeOf('ls', '--url', 'http://127.0.0.1:9'), 'no-answer');
  const redrive = await run(['parked', 'redrive', nobody]);
  t.is(redrive.status, 1);
  t.regex(redrive.stdout, /^not-parked /);
});

/** A position that no record of the log reaches, because a discard skips whatever lies there. */
const NOWHERE = 9e14;

/** Parks attempts without records, as if these had expired since. Returns their ids. */
async function parkAttempts(t: ExecutionContext, positions: readonly number[]): Promise<string[]> {
  const { rows } = await connectDatabase(t).query<{ id: string }>(
    `insert into zameni.parked (
       projection, version, subject, position, last_position, waiting, reason
     )
     select $1, c.version, 'zameni.attempt.' || gen_random_uuid(), p, p, 1, 'undecodable'
     from accounts.checkpoint c, unnest($2::bigint[]) as p
     returning substring(subject from '[^.]*$') as id`,
    [ACCOUNTS_PROJECTION, positions],
  );
  return rows.map(({ id }) => id);
}

test.serial('parked shows, redrives and discards, and the projector does the work', async (t) => {
  const [first = '', second = ''] = await parkAttempts(t, [NOWHERE, NOWHERE + 1]);
  t.regex(
    (await run(['parked', 'ls'])).stdout,
    new RegExp(`^undecodable .* 1 +${NOWHERE} +${first}$`, 'm'),
  );
  t.regex(
    (await run(['parked', 'show', second])).stdout,
    new RegExp(`^position +${NOWHERE + 1}$`, 'm'),
  );
  const changed = ['--reason', 'test', '--position', '9', '--json'];
  const refused = await run(['parked', 'discard', second, ...changed]);
  t.is(JSON.parse(refused.stdout).error.code, 'park-changed');
  const redriven = await run(['parked', 'redrive', first]);
  t.is(redriven.status, 0, redriven.stderr);
  t.regex(redriven.stdout, /^done /);
  const discarded = await run(['parked', 'discard', second, '--reason', 'test', '--json']);
  t.is(discarded.status, 0, discarded.stderr);
  t.like(JSON.parse(discarded.stdout).subjects, [{ id: second, outcome: 'done' }]);
  const { rows } = await connectDatabase(t).query(
    'delete from zameni.discarded where subject = $1 returning reason, discarded_by',
    [`zameni.attempt.${second}`],
  );
  t.is(rows[0]?.reason, 'test');
  t.regex(rows[0]?.discarded_by, /^[A-Za-z0-9_-]{43}$/, 'the operator is kept as a digest');
});

test.serial('an invalid token stops a registration at once', async (t) => {
  const path = createFile(t, linesUnder('refused'));
  const { status, stdout } = await run(['register', path, '--json', '--token', 'nonsense']);
  t.is(status, 1);
  const report = JSON.parse(stdout);
  t.is(report.stopped, 'unauthorized');
  t.true(report.read <= 64);
});

test.serial('status shows the gateway and every service', async (t) => {
  const { stdout } = await run(['status', '--json']);
  const report = JSON.parse(stdout);
  t.is(report.gateway.url, system.gatewayUrl);
  t.is(report.gateway.state, 'ready');
  type Service = { name: string; projection: { role: string; head: number } | null };
  const services: Service[] = report.services;
  t.deepEqual(
    services.map(({ name }) => name),
    system.stack.services.map(({ name }) => name),
  );
  t.is(services.filter(({ projection }) => projection?.role === 'active').length, 1);
  t.regex((await run(['status'])).stdout, /^gateway +http:\/\/127\.0\.0\.1:\d+ +ready/);
});

test.serial(
  'status and doctor fail when nothing answers, and doctor says what to do',
  async (t) => {
    const elsewhere = ['--url', 'http://127.0.0.1:9'];
    const status = await run(['status', ...elsewhere]);
    t.is(status.status, 1);
    t.regex(status.stdout, /no-answer/);
    const doctor = await run(['doctor', ...elsewhere]);
    t.is(doctor.status, 1);
    t.regex(
      doctor.stdout,
      /fail +service +gateway +http:\/\/127\.0\.0\.1:9 does not answer\n +do: /,
    );
  },
);

test.serial('doctor finds every part of a running stack and prints no secret', async (t) => {
  type Check = { name: string; level: string; found: string };
  let stdout = '';
  let checks: readonly Check[] = [];
  const look = async () => {
    ({ stdout } = await run(['doctor', '--json']));
    const report = JSON.parse(stdout);
    t.true(report.isStackRunning);
    checks = report.checks;
    return checks.filter(({ level }) => level === 'fail');
  };
  // Other tests load the machine at the same time, so a warning is expected and a look may be late.
  let faults = await look();
  if (faults.length > 0) faults = await look();
  t.deepEqual(faults, []);
  const names = new Set(checks.map(({ name }) => name));
  const expected =
    'node nats-server postgres pgbouncer redis-server haproxy nats-1 nats-2 nats-3 postgres-primary postgres-replica replication redis redis-counters gateway token projection parked prometheus alerts traces';
  const services = system.stack.services.map((service) => service.name);
  const spaced = ['disk space', 'attempt keys', 'stream ACCOUNTS'];
  for (const name of [...expected.split(' '), ...spaced, ...services]) {
    t.true(names.has(name), name);
  }
  const { nats, postgres, redis } = system.stack;
  const users = [nats.users, redis.users].flatMap((logins) => Object.values(logins));
  for (const { passwordFile } of [...users, postgres.superuser, postgres.query]) {
    t.false(stdout.includes(readSecret(passwordFile)));
  }
});
