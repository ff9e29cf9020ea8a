import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSecret } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
// oxlint-disable-next-line no-restricted-imports -- the baseline is a plain program on Postgres
import pg from 'pg';

/** A running baseline: its address and its process. */
export type Baseline = AsyncDisposable & { readonly url: string; readonly pid: number };

const START_DEADLINE_MS = 10_000;
const program = join(import.meta.dirname, 'baseline-server.ts');

/** Starts the validated no-op server. */
export function startNoop(port: number): Promise<Baseline> {
  return start(port, ['noop', String(port)]);
}

/** Starts the server that inserts one row per registration into an empty table of its own. */
export async function startInsert(stack: Stack, port: number): Promise<Baseline> {
  const { host, port: primaryPort } = stack.postgres.primary;
  const { user, passwordFile } = stack.postgres.superuser;
  const url = `postgres://${user}@${host}:${primaryPort}/bench`;
  await withSuperuser(stack, 'primary', async (client) => {
    await client.query('drop database if exists bench with (force)');
    await client.query('create database bench');
  });
  await withSuperuser(
    stack,
    'primary',
    (client) =>
      client.query(`create table people (
        id uuid primary key, email text not null unique, display_name text not null,
        locale text not null, terms_version text not null, profile jsonb not null,
        registered_at timestamptz not null default now())`),
    'bench',
  );
  return start(port, ['insert', String(port), url, readSecret(passwordFile)]);
}

/** Disconnects the replica while `work` runs, so that the plain INSERT does not pay for it. */
export async function withoutReplica<T>(stack: Stack, work: () => Promise<T>): Promise<T> {
  const reload = ['select pg_reload_conf()'];
  await run(stack, 'replica', ["alter system set primary_conninfo = ''", ...reload]);
  try {
    return await work();
  } finally {
    await run(stack, 'replica', ['alter system reset primary_conninfo', ...reload]);
  }
}

/** Runs `work` while every commit waits for the replica's disk. */
export async function withSynchronousStandby<T>(stack: Stack, work: () => Promise<T>): Promise<T> {
  const reload = ['select pg_reload_conf()'];
  await run(stack, 'primary', ["alter system set synchronous_standby_names = '*'", ...reload]);
  try {
    return await work();
  } finally {
    await run(stack, 'primary', ['alter system reset synchronous_standby_names', ...reload]);
  }
}

async function run(stack: Stack, server: 'primary' | 'replica', statements: readonly string[]) {
  await withSuperuser(stack, server, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

/** Runs `work` with a connection to a server of the stack as its superuser. */
async function withSuperuser(
  stack: Stack,
  server: 'primary' | 'replica',
  work: (client: pg.Client) => Promise<unknown>,
  database = 'postgres',
): Promise<void> {
  const { user, passwordFile } = stack.postgres.superuser;
  const { host, port } = stack.postgres[server];
  const password = readSecret(passwordFile);
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function start(port: number, args: readonly string[]): Promise<Baseline> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await waitForAnswer(child, `${url}/livez`);
  return {
    url,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function waitForAnswer(child: ChildProcess, url: string): Promise<void> {
  const deadlineAt = performance.now() + START_DEADLINE_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the baseline server ended: ${child.exitCode}`);
    if (performance.now() > deadlineAt) throw new Error(`${url} did not answer in time`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await sleep(50);
  }
}
