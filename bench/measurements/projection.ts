import { setTimeout as pause } from 'node:timers/promises';
import { ACCOUNTS_PROJECTION, ProjectorStatus } from '@zameni/contracts';
import type { Pool } from '@zameni/runtime';
import { readStack, type Stack } from '@zameni/runtime/stack';
import { openRedisOf, openSuperuserPool, waitUntil } from '@zameni/runtime/testing';
import { Value } from 'typebox/value';
import { openAdminLog } from '../../e2e/log/admin-log.ts';
import { cpuMsEach, readCpu } from '../load/cpu.ts';
import { runLoad } from '../load/wrk.ts';
import { type Memory, sampleMemory } from '../sample-memory.ts';
import { copyTables, emptyTables, listTables, readLiveVersion } from './copy-tables.ts';

/** Statements of a bench may copy whole tables. */
const STATEMENT_DEADLINE_MS = 30 * 60_000;

/** One way to fill the tables, with what it took. */
export type ProjectionFigure = {
  readonly way: string;
  readonly registrations: number;
  /** Records of the log that were read. Undefined for a COPY. */
  readonly records?: number;
  readonly seconds: number;
  readonly cpuMs: Readonly<Record<string, number>>;
  /** Memory of the projector. */
  readonly memory?: Memory;
};

/** Number of registrations at least, and how often the rebuild is measured. */
export type ProjectionOptions = {
  readonly stack: Stack;
  /** Token with scope `registrations:write`. */
  readonly token: string;
  readonly count: number;
  readonly rounds: number;
  readonly connections: number;
  readonly onSeeded: (registrations: number) => void;
  readonly onFigure: (figure: ProjectionFigure) => void;
};

/** The way of the projector. The figures of the COPY are compared with it. */
export const REBUILD = 'rebuild from position 0';

/** Tables of the read model `users`. The projector fills them with all others only. */
const USERS = ['users', 'address_owner'] as const;

const PROJECTOR = 'projector-1';
const POLL_MS = 20;
const READY_DEADLINE_MS = 60_000;
/** Milliseconds without any progress after which a rebuild has failed. */
const STUCK_MS = 60_000;
const LONGEST_CHUNK_SECONDS = 20;

/**
 * Registers people as a vouching caller does, while the projector is frozen. Then measures how fast
 * a projector of its own fills the empty tables from position 0, beside COPY of the same rows into
 * tables with the same indexes. Both write to the primary of the stack with its replica.
 */
export async function measureProjection(options: ProjectionOptions): Promise<ProjectionFigure[]> {
  const { stack, rounds, onSeeded, onFigure } = options;
  const figures: ProjectionFigure[] = [];
  const add = (figure: ProjectionFigure) => {
    figures.push(figure);
    onFigure(figure);
  };
  const pool = openSuperuserPool(stack, {
    max: 2,
    name: 'bench',
    queryDeadlineMs: STATEMENT_DEADLINE_MS,
  });
  try {
    await signalProjector('SIGSTOP');
    await seed(options);
    const head = await readHead(stack);
    for (let round = 0; round < rounds; round += 1) {
      const rebuilt = await rebuild(pool, stack, head);
      if (round === 0) onSeeded(rebuilt.registrations);
      add(rebuilt);
      const { registrations } = rebuilt;
      const tables = await listTables(pool);
      for (const some of [USERS, tables]) {
        const way = some === USERS ? `COPY of ${USERS.join(' and ')}` : 'COPY of all read models';
        add(await measureCopy(pool, { way, registrations, tables: some }));
      }
    }
  } finally {
    // Frozen, it would not stop with the stack.
    await signalProjector('SIGCONT');
    await pool.end();
  }
  return figures;
}

/** Registers at least `count` people, each at an address of their own. */
async function seed({ stack, token, count, connections }: ProjectionOptions): Promise<void> {
  const url = stack.services.find(({ service }) => service === 'command-api')?.url ?? '';
  let registered = 0;
  let rate = count;
  for (let chunk = 0; registered < count; chunk += 1) {
    const needed = Math.ceil((count - registered) / rate);
    const seconds = Math.min(LONGEST_CHUNK_SECONDS, Math.max(1, needed));
    const load = { url, token, connections, seconds, prefix: `seed-${chunk}` };
    const { requests, failed } = await runLoad(load);
    if (failed > 0) throw new Error(`${failed} registrations of the seed failed`);
    registered += requests;
    rate = Math.max(1, requests / seconds);
  }
}

/** Empties the tables and measures a new process that fills them. */
async function rebuild(pool: Pool, stack: Stack, head: number): Promise<ProjectionFigure> {
  const version = await readLiveVersion(pool);
  await setCheckpoint(pool, `position = 0, holder = 'bench', lease_until = 'infinity'`);
  await emptyTables(pool);
  await emptyCache(stack);
  await pool.query('checkpoint');
  const { pids } = await restartProjector(stack);
  const before = readCpu(pids);
  const { result: seconds, memory } = await sampleMemory(pids[PROJECTOR] ?? 0, async () => {
    await setCheckpoint(pool, `holder = null, lease_until = '-infinity'`);
    return waitForEnd();
  });
  const after = readCpu(pids);
  const { rows } = await pool.query<{ count: string }>('select count(*) from accounts.users');
  const registrations = Number(rows[0]?.count);
  const cpuMs = cpuMsEach(before, after, registrations);
  return { way: REBUILD, registrations, records: head, seconds, cpuMs, memory };

  /** Returns the seconds from the first batch to the head. */
  async function waitForEnd(): Promise<number> {
    let position = 0;
    let movedAt = performance.now();
    let startedAt = movedAt;
    while (position < head) {
      await pause(POLL_MS);
      const found = await pool.query<{ position: string }>(
        'select position from zameni.checkpoints where projection = $1 and version = $2',
        [ACCOUNTS_PROJECTION, version],
      );
      const next = Number(found.rows[0]?.position);
      if (position === 0) startedAt = movedAt;
      if (next !== position || next === 0) movedAt = performance.now();
      else if (performance.now() - movedAt > STUCK_MS) throw new Error('the rebuild is stuck');
      position = next;
    }
    return (performance.now() - startedAt) / 1_000;
  }

  async function setCheckpoint(to: Pool, columns: string): Promise<void> {
    const where = 'where projection = $1 and version = $2';
    await to.query(`update zameni.checkpoints set ${columns} ${where}`, [
      ACCOUNTS_PROJECTION,
      version,
    ]);
  }
}

type CopyOptions = {
  readonly way: string;
  readonly registrations: number;
  readonly tables: readonly string[];
};

async function measureCopy(
  pool: Pool,
  { way, registrations, tables }: CopyOptions,
): Promise<ProjectionFigure> {
  const { pids } = await readStack('bench');
  const servers = Object.entries(pids).filter(([name]) => name.startsWith('postgres-'));
  const read = () => readCpu(Object.fromEntries(servers));
  const before = read();
  const { seconds } = await copyTables(pool, tables);
  return { way, registrations, seconds, cpuMs: cpuMsEach(before, read(), registrations) };
}

/** Kills the projector. Resolves when its replacement stands by. */
async function restartProjector({ services }: Stack): Promise<Stack> {
  const url = services.find(({ name }) => name === PROJECTOR)?.url ?? '';
  const old = (await readStack('bench')).pids[PROJECTOR];
  await signalProjector('SIGKILL');
  await waitUntil(async () => (await readStack('bench')).pids[PROJECTOR] !== old);
  await waitUntil(async () => {
    const response = await fetch(`${url}/status`).catch(() => undefined);
    const status: unknown = await response?.json();
    return Value.Check(ProjectorStatus, status) && status.role === 'standby';
  }, READY_DEADLINE_MS);
  return readStack('bench');
}

/** Its watermark would refuse a checkpoint that went back. */
async function emptyCache(stack: Stack): Promise<void> {
  const redis = openRedisOf(stack, { user: 'tester', server: 'cache' });
  try {
    await waitUntil(() => redis.status === 'ready', READY_DEADLINE_MS);
    await redis.flushdb();
  } finally {
    redis.disconnect();
  }
}

async function signalProjector(signal: NodeJS.Signals): Promise<void> {
  const pid = (await readStack('bench')).pids[PROJECTOR];
  if (pid === undefined) throw new Error(`there is no process ${PROJECTOR}`);
  process.kill(pid, signal);
}

async function readHead(stack: Stack): Promise<number> {
  await using admin = await openAdminLog(stack, 'bench');
  return await admin.log.head(AbortSignal.timeout(READY_DEADLINE_MS));
}
