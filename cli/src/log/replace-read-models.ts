import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { READ_MODELS } from '@zameni/contracts';
import { type Pool, readModelsSql } from '@zameni/runtime';
import { CommandError } from '../framework/command.ts';
import type { AdoptDeps, AdoptRun } from './adopt.ts';

const DIRECTORY = join(import.meta.dirname, '../../../projector/read-models');

const POLL_MS = 200;

/** Milliseconds without progress after which the version is given up. */
const STUCK_MS = 30_000;

/** Which checkpoints, and where the log ends. */
type Checked = {
  readonly table: 'zameni.checkpoints' | 'mailer.checkpoints';
  readonly head: number;
};

/**
 * Whether a checkpoint is of another history of the log: that of the live version, or the mailer's.
 * Who reads the log has found that out by its anchors. A checkpoint beyond the head needs no reader.
 */
export async function isOfOtherLog(pool: Pool, { table, head }: Checked): Promise<boolean> {
  const { rows } = await pool.query<{ is_other: boolean }>(
    `select c.is_of_other_log or c.position > $1 as is_other
     from ${table} c
     where c.projection = 'mailer'
       or c.projection = 'accounts'
         and c.version = (select version from zameni.read_models where state = 'live')`,
    [head],
  );
  return rows[0]?.is_other === true;
}

/**
 * Whether a run before this one has begun to replace the read models and was interrupted: its version
 * is there and is of this log, and the live one was set back.
 */
export async function isReplacementBegun(pool: Pool, head: number): Promise<boolean> {
  const { rows } = await pool.query<{ is_begun: boolean }>(
    `select exists (
       select from zameni.read_models m
       join zameni.checkpoints c on c.projection = 'accounts' and c.version = m.version
       where m.state = 'kept' and m.carried_position = 0
         and not c.is_of_other_log and c.position <= $1
     ) and exists (
       select from zameni.read_models m
       join zameni.checkpoints c on c.projection = 'accounts' and c.version = m.version
       where m.state = 'live' and c.is_of_other_log and c.position = 0
     ) as is_begun`,
    [head],
  );
  return rows[0]?.is_begun === true;
}

/**
 * Fills a new version from the beginning of the log, lets readers see it, and drops all others.
 * Nothing is copied into it, and it is compared with none, because the live version is of another
 * history. That one stays as it is until then: nobody follows it, and it covers no position. Returns
 * the number of the new one.
 */
export async function replaceReadModels(
  { pool, pollMs = POLL_MS, stuckMs = STUCK_MS }: AdoptDeps,
  { signal, reportStep, head }: AdoptRun & { readonly head: number },
): Promise<number> {
  const version = await insertVersion(pool);
  let position = -1;
  let movedAt = performance.now();
  while (position < head) {
    const before = position;
    position = await readPosition(pool, version);
    if (position !== before) movedAt = performance.now();
    else assertMoving('no projector fills the new version');
    reportStep(`filling version ${version} from the log`, `${position} of ${head}`);
    if (position < head) await pause(pollMs, undefined, { signal });
  }
  movedAt = performance.now();
  while (!(await switchTo(pool, version))) {
    assertMoving('readers could not be switched to the new version');
    await pause(pollMs, undefined, { signal });
  }
  await pool.query(
    `update zameni.read_models set state = 'dropped', changed_at = now() where version <> $1`,
    [version],
  );
  return version;

  function assertMoving(fault: string): void {
    if (performance.now() - movedAt <= stuckMs) return;
    throw new CommandError('no-progress', `${fault}; see npx zameni status`);
  }
}

/**
 * In one transaction. Versions that are not live are dropped: they are of the other history, or were
 * begun by a run that was interrupted. The state `kept` lets the projector follow the new one without
 * a comparison. The position of the live one goes to 0, so that the new one is not behind it.
 */
async function insertVersion(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ version: number }>(
    `select nextval('zameni.read_models_version')::integer as version`,
  );
  const version = rows[0]?.version;
  if (version === undefined) throw new Error('the sequence of versions has no number');
  const names = READ_MODELS.map((name) => `'${name}'`).join(', ');
  // Without parameters it may hold several statements, which are one transaction.
  await pool.query(
    `update zameni.read_models set state = 'dropped', changed_at = now()
     where state in ('building', 'differs', 'kept');
     ${readModelsSql(DIRECTORY, version)};
     insert into zameni.read_models (version, state, selected, carried_position)
     values (${version}, 'kept', array[${names}], 0);
     update zameni.checkpoints set position = 0, is_of_other_log = true
     where projection = 'accounts'
       and version = (select version from zameni.read_models where state = 'live')`,
  );
  return version;
}

async function readPosition(pool: Pool, version: number): Promise<number> {
  const { rows } = await pool.query<{ position: string }>(
    `select position from zameni.checkpoints where projection = 'accounts' and version = $1`,
    [version],
  );
  return Number(rows[0]?.position ?? 0);
}

/** Switches to the version. False if readers are in the way, or if it is behind. */
async function switchTo(pool: Pool, version: number): Promise<boolean> {
  try {
    const { rows } = await pool.query<{ done: boolean }>(
      'select zameni.switch_read_models($1) as done',
      [version],
    );
    return rows[0]?.done === true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

const LOCK_NOT_AVAILABLE = '55P03';
