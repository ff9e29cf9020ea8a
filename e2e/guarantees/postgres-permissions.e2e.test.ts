import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLiveCheckpoint, readModelsSchema } from '@zameni/runtime';
import { createTestPool, openSuperuserPool, readTestStack } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';

const stack = await readTestStack();
const { postgres, pgbouncer } = stack;
const { projector, query, superuser } = postgres;
const command = {
  user: 'zameni_command',
  passwordFile: join(stack.folders.secrets, 'postgres-command.password'),
};
const mailer = {
  user: 'zameni_mailer',
  passwordFile: join(stack.folders.secrets, 'postgres-mailer.password'),
};
const direct = { ...postgres.primary, database: postgres.database };
const replica = { ...postgres.replica, database: postgres.database };
const pooledPrimary = { ...pgbouncer, database: pgbouncer.primaryDatabase };
const pooledReplica = { ...pgbouncer, database: pgbouncer.replicaDatabase };

type Login = typeof query;
type Place = { readonly host: string; readonly port: number; readonly database: string };

/** SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DENIED = '42501';
const READ_ONLY = '25006';
const WRONG_PASSWORD = '28P01';
/** Read-write mode is not available during recovery: feature not supported. */
const NOT_DURING_RECOVERY = '0A000';
/** PgBouncer's own refusals carry the code of a protocol violation. */
const POOL_REFUSES = '08P01';

/** The schema of the live version of the read models. */
const schema = await readLiveSchema();

/** A table or view of the read models, with one of its columns and the roles that read it. */
type Table = { readonly name: string; readonly column: string; readonly readers: readonly Login[] };

/** The services read the live version through these. */
const views: readonly Table[] = [
  { name: 'accounts.checkpoint', column: 'version', readers: [query, command, mailer] },
  { name: 'accounts.parked', column: 'position', readers: [query] },
  { name: 'accounts.users', column: 'position', readers: [query] },
  { name: 'accounts.address_owner', column: 'position', readers: [query] },
  { name: 'accounts.attempts', column: 'position', readers: [query, mailer] },
  { name: 'accounts.registration_stats', column: 'accepted', readers: [query] },
];

const tables: readonly Table[] = [
  { name: `${schema}.users`, column: 'position', readers: [query] },
  { name: `${schema}.address_owner`, column: 'position', readers: [query] },
  { name: `${schema}.attempts`, column: 'position', readers: [query] },
  { name: `${schema}.registration_stats`, column: 'accepted', readers: [query] },
  { name: 'zameni.checkpoints', column: 'position', readers: [query] },
  { name: 'zameni.erasures', column: 'position', readers: [query, command] },
  { name: 'zameni.parked', column: 'position', readers: [query] },
  { name: 'zameni.discarded', column: 'position', readers: [query] },
  { name: 'zameni.read_models', column: 'version', readers: [query] },
  { name: 'zameni.log_servers', column: 'state', readers: [query, command, mailer] },
  { name: 'zameni.room', column: 'live_attempts', readers: [query, command] },
  // The query API reads what became of a mail, see below.
  { name: 'mailer.checkpoints', column: 'position', readers: [mailer] },
  { name: 'mailer.messages', column: 'state', readers: [query, mailer] },
];

async function readLiveSchema(): Promise<string> {
  const pool = openSuperuserPool(stack, { name: 'permissions' });
  try {
    return readModelsSchema((await readLiveCheckpoint(pool))?.version ?? 0);
  } finally {
    await pool.end();
  }
}

/**
 * Runs statements as a role at a place. Returns the first column of the first row, or the SQLSTATE.
 * The pool drops a connection after an error, and with it the transaction.
 */
function connectAs(t: ExecutionContext, { user, passwordFile }: Login, place: Place) {
  const pool = createTestPool({
    url: `postgres://${user}@${place.host}:${place.port}/${place.database}`,
    password: readFileSync(passwordFile, 'utf8').trimEnd(),
    max: 2,
    name: 'permissions',
  });
  t.teardown(() => pool.end());
  return async (sql: string): Promise<unknown> => {
    try {
      const result = await pool.query<unknown[]>({ text: sql, rowMode: 'array' });
      // Several statements have several results: none of them was refused.
      return Array.isArray(result) ? 'allowed' : result.rows[0]?.[0];
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      return error.code;
    }
  };
}

/** Statements that change a read model. */
function writesOf({ name, column }: Table): string[] {
  return [
    `insert into ${name} (${column}) select ${column} from ${name} where false`,
    `update ${name} set ${column} = ${column} where false`,
    `delete from ${name} where false`,
    `select * from ${name} where false for update`,
    `lock table ${name} in access exclusive mode nowait`,
    `create index on ${name} (${column})`,
    `alter table ${name} add column more text`,
    ...(isView({ name })
      ? [`comment on view ${name} is 'more'`, `create or replace view ${name} as select 1 as more`]
      : [`comment on table ${name} is 'more'`, `truncate ${name}`]),
  ];
}

function isView({ name }: Pick<Table, 'name'>): boolean {
  return views.some((view) => view.name === name);
}

for (const [how, place] of [
  ['directly', direct],
  ['through the pool', pooledPrimary],
] as const) {
  for (const [login, what] of [
    [query, 'every read model'],
    [command, 'how far others have come and how much room there is, and no person,'],
  ] as const) {
    test(`${login.user} reads ${what} ${how}, and changes nothing`, async (t) => {
      const run = connectAs(t, login, place);
      t.is(await run('select current_user'), login.user);
      for (const table of [...views, ...tables]) {
        const count = String(await run(`select count(*) from ${table.name}`));
        if (table.readers.includes(login)) t.regex(count, /^\d+$/, table.name);
        else t.is(count, DENIED, table.name);
        for (const write of writesOf(table)) {
          t.is(await run(`begin; ${write}; rollback`), DENIED, write);
        }
      }
    });
  }
}

test('zameni_mailer writes its own ledger, and reads besides which attempts there are', async (t) => {
  const run = connectAs(t, mailer, pooledPrimary);
  t.is(await run('select current_user'), mailer.user);
  const may: Readonly<Record<string, readonly string[]>> = {
    // Whoever may change rows may lock them.
    'mailer.checkpoints': ['update', 'select', 'lock'],
    'mailer.messages': ['insert', 'update', 'delete', 'select', 'lock'],
  };
  for (const table of [...views, ...tables]) {
    const { name } = table;
    const count = String(await run(`select count(*) from ${name}`));
    if (table.readers.includes(mailer)) t.regex(count, /^\d+$/, name);
    else t.is(count, DENIED, name);
    for (const write of writesOf(table)) {
      const isAllowed = may[name]?.some((verb) => write.startsWith(verb)) === true;
      // A mailer at work may have rows locked.
      if (isAllowed && write.startsWith('lock')) continue;
      t.is(await run(`begin; ${write}; rollback`), isAllowed ? 'allowed' : DENIED, write);
    }
  }
  t.is(await run('select count(*) from zameni.migrations'), DENIED);
});

test('zameni_query reads what became of a mail, and no digest of a mailbox', async (t) => {
  const run = connectAs(t, query, direct);
  t.is(String(await run('select count(kind) from mailer.messages where false')), '0');
  for (const column of ['mailbox', 'recipient', 'position', '*']) {
    t.is(await run(`select ${column} from mailer.messages limit 0`), DENIED, column);
  }
});

test('zameni_command cannot read the list of migrations', async (t) => {
  t.is(await connectAs(t, command, direct)('select count(*) from zameni.migrations'), DENIED);
});

test('the list of tried read models is complete', async (t) => {
  const run = connectAs(t, projector, direct);
  t.is(
    await run(`select string_agg('accounts.' || viewname, ',' order by viewname) from pg_views
      where schemaname = 'accounts'`),
    views
      .map(({ name }) => name)
      .toSorted()
      .join(),
  );
  t.is(
    await run(`select string_agg(schemaname || '.' || tablename, ',' order by 1)
      from (select schemaname, tablename from pg_tables where tableowner = '${projector.user}'
        and (schemaname !~ '^accounts_v' or schemaname = '${schema}') order by 1, 2) as own`),
    // The list of migrations is the projector's own. It contains nothing about people.
    [...tables.map(({ name }) => name), 'zameni.migrations'].toSorted().join(),
  );
});

test('a role that hangs or floods is bounded by the server', async (t) => {
  for (const place of [direct, replica, pooledPrimary, pooledReplica]) {
    for (const [login, longest] of [
      [query, '10s'],
      [command, '10s'],
      [mailer, '10s'],
      [projector, '2min'],
    ] as const) {
      const run = connectAs(t, login, place);
      t.is(await run('show statement_timeout'), longest);
      t.regex(String(await run('show idle_in_transaction_session_timeout')), /^[13]0s$/);
      const limit = await run('select rolconnlimit from pg_roles where rolname = current_user');
      t.true(Number(limit) > 0 && Number(limit) <= 60);
      // Timeouts are defaults, which a session may change. This is a bound.
      if (login === projector) continue;
      t.is(await run('show temp_file_limit'), '256MB');
      t.is(await run('set temp_file_limit = -1'), DENIED);
    }
  }
});

test('only the projector executes the functions that change read models', async (t) => {
  const run = connectAs(t, superuser, direct);
  for (const { user } of [query, command, mailer, projector]) {
    t.is(
      await run(`select string_agg(proname, ',' order by proname) from pg_proc
        where pronamespace in ('${schema}'::regnamespace, 'zameni'::regnamespace,
          'accounts'::regnamespace)
        and has_function_privilege('${user}', oid, 'execute')`),
      user === projector.user
        ? [
            'apply,apply_attempts,apply_erasures,apply_parked,apply_registration_counts',
            'apply_users,carry_over,clear_attempt_claim,delete_read_models,erase_people',
            'excuse_gap,remove_attempt,show_read_models,switch_read_models',
          ].join()
        : null,
      user,
    );
  }
});

const createsNothing = test.macro<[Login]>(async (t, login) => {
  const run = connectAs(t, login, direct);
  for (const sql of [
    'create table zameni.more (a int)',
    `create table ${schema}.more (a int)`,
    'create table public.more (a int)',
    'create temporary table more (a int)',
    'select lo_create(0)',
    'select lo_creat(-1)',
    "select lo_from_bytea(0, 'more')",
    "select lo_put(1, 0, 'more')",
    'select lo_open(1, 131072)',
    "select lowrite(0, 'more')",
    "select pg_logical_emit_message(false, 'more', 'more')",
    'create schema more',
    'create extension pg_trgm',
    `create view ${schema}.more as select 1`,
    'create view accounts.more as select 1',
    'create table accounts.more (a int)',
    'create function public.more() returns int language sql as $$ select 1 $$',
    'create role more',
    `drop table ${schema}.users`,
    `drop schema ${schema} cascade`,
    'drop view accounts.users',
    'drop schema accounts cascade',
  ]) {
    t.is(await run(`begin; ${sql}; rollback`), DENIED, sql);
  }
  // A grant without the right to grant is only a warning, so the right itself is checked.
  t.is(
    await run(`select has_table_privilege('accounts.users', 'select with grant option')`),
    false,
  );
  // These cannot run in a transaction.
  for (const sql of ['create database more', 'alter system set log_statement = none']) {
    t.is(await run(sql), DENIED, sql);
  }
});

test('zameni_query creates, drops and grants nothing', createsNothing, query);
test('zameni_command creates, drops and grants nothing', createsNothing, command);
test('zameni_mailer creates, drops and grants nothing', createsNothing, mailer);

const staysItself = test.macro<[Login]>(async (t, login) => {
  const run = connectAs(t, login, direct);
  for (const sql of [
    'select count(*) from pg_authid',
    'select count(*) from pg_shadow',
    'select count(*) from pg_hba_file_rules',
    'select count(*) from pg_user_mapping',
    'select umoptions from pg_catalog.pg_user_mapping',
    "select pg_read_file('postgresql.auto.conf')",
    "select pg_ls_dir('.')",
    "copy (select 1) to program 'true'",
    "copy zameni.checkpoints to '/dev/null'",
    `set role ${projector.user}`,
    `set role ${superuser.user}`,
    `set session authorization ${superuser.user}`,
    "select pg_create_physical_replication_slot('more')",
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${superuser.user}'
      union all select pg_reload_conf() limit 1`,
    'checkpoint',
  ]) {
    t.is(await run(sql), DENIED, sql);
  }
  t.is(await run("select passwd from pg_user where usename = 'postgres'"), '********');
});

test(
  'zameni_query reads no secrets of the servers and cannot become another role',
  staysItself,
  query,
);
test(
  'zameni_command reads no secrets of the servers and cannot become another role',
  staysItself,
  command,
);

test(
  'zameni_mailer reads no secrets of the servers and cannot become another role',
  staysItself,
  mailer,
);

test('every service role is an ordinary role', async (t) => {
  const run = connectAs(t, superuser, direct);
  for (const { user } of [query, command, mailer, projector]) {
    t.is(
      await run(`select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
        or exists (select from pg_auth_members where member = pg_roles.oid)
        from pg_roles where rolname = '${user}'`),
      false,
      user,
    );
  }
});

for (const [how, place] of [
  ['directly', replica],
  ['through the pool', pooledReplica],
] as const) {
  test(`the replica is read only for everybody ${how}`, async (t) => {
    const logins = place === replica ? [query, projector, superuser] : [query, projector];
    for (const login of logins) {
      const run = connectAs(t, login, place);
      t.is(await run('select pg_is_in_recovery()'), true);
      t.regex(String(await run(`select count(*) from accounts.users`)), /^\d+$/);
      t.is(await run('set transaction read write'), NOT_DURING_RECOVERY);
      for (const sql of [
        `delete from ${schema}.users where false`,
        `truncate ${schema}.users`,
        'create table public.more (a int)',
        'select pg_current_xact_id()',
      ]) {
        t.is(await run(sql), READ_ONLY, `${login.user}: ${sql}`);
      }
    }
    const run = connectAs(t, command, place);
    t.regex(String(await run('select position from accounts.checkpoint')), /^\d+$/);
    t.is(await run('select count(*) from accounts.users'), DENIED);
  });
}

test('the pool and the servers refuse every wrong password', async (t) => {
  const wrong = { user: query.user, passwordFile: projector.passwordFile };
  for (const place of [direct, replica]) {
    t.is(await connectAs(t, wrong, place)('select 1'), WRONG_PASSWORD);
  }
  for (const place of [pooledPrimary, pooledReplica]) {
    t.is(await connectAs(t, query, place)('select 1'), 1, 'the control');
    t.is(await connectAs(t, wrong, place)('select 1'), POOL_REFUSES);
    t.is(await connectAs(t, superuser, place)('select 1'), POOL_REFUSES, 'the superuser');
  }
});

test('the console of the pool is closed to the services', async (t) => {
  for (const login of [query, command, mailer, projector]) {
    const run = connectAs(t, login, { ...pgbouncer, database: 'pgbouncer' });
    t.is(await run('show users'), POOL_REFUSES, login.user);
  }
});

test('the services connect to no other database', async (t) => {
  for (const login of [query, command, mailer, projector]) {
    for (const database of ['postgres', 'template1']) {
      const run = connectAs(t, login, { ...postgres.primary, database });
      t.is(await run('select 1'), DENIED, `${login.user}: ${database}`);
      const pooled = connectAs(t, login, { ...pgbouncer, database });
      t.is(await pooled('select 1'), POOL_REFUSES, `${login.user}: ${database}`);
    }
  }
});
