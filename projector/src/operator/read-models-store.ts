import type { ReadModel, ReadModelsVersion } from '@zameni/contracts';
import { AppError, createBackoff, delay, type Pool } from '@zameni/runtime';
import { hasSqlState, insertVersion } from './insert-version.ts';
import { orUnavailable } from './or-unavailable.ts';

/**
 * The versions of the read models as operators see and change them. Changes are requests: the active
 * projector fills and compares. Every method throws `store-unavailable`, and for a version in
 * another state `rebuild-state`; `not-found` for an unknown one.
 */
export type ReadModelsStore = {
  readonly list: () => Promise<readonly ReadModelsVersion[]>;
  /** Begins a rebuild. The read models that are not selected are copied. */
  readonly start: (selected: readonly ReadModel[]) => Promise<ReadModelsVersion>;
  /**
   * Switches to a version although it differs. Throws `projection-lagging` if it is behind. One that
   * was accepted for the same reason, and is live, stays so.
   */
  readonly accept: (version: number, by: Acceptance) => Promise<ReadModelsVersion>;
  /** Switches to a version that was live before, or still is. Throws `projection-lagging`. */
  readonly switchTo: (version: number) => Promise<ReadModelsVersion>;
  /** Cancels a version that is built, or drops one that is kept. */
  readonly drop: (version: number) => Promise<ReadModelsVersion>;
};

/** Why an operator accepts differences, and who. */
export type Acceptance = { readonly reason: string; readonly actor: string };

/** Milliseconds in which tries to switch begin. Readers or a busy projector may be in the way. */
const SWITCH_MS = 8_000;
const SWITCH_BACKOFF = { baseMs: 50, maxMs: 500 };

/** Reads and writes `zameni.read_models` in Postgres. */
export function createReadModelsStore(
  pool: Pool,
  { switchMs = SWITCH_MS }: { readonly switchMs?: number } = {},
): ReadModelsStore {
  const switchVersion = (version: number) => switchTo(pool, version, switchMs);
  return {
    list: () => orUnavailable(select(pool)),
    start: (selected) =>
      orUnavailable(insertVersion(pool, selected).then((version) => find(pool, version))),
    accept: (version, by) =>
      orUnavailable(
        changing(pool, version, ['differs', 'live'], async ({ state, acceptedReason }) => {
          if (state === 'live') {
            if (acceptedReason !== by.reason) throw toRefusal(version, state);
            return;
          }
          await pool.query(
            `update zameni.read_models set accepted_reason = $2, accepted_by = $3
             where version = $1 and state = 'differs'`,
            [version, by.reason, by.actor],
          );
          await switchVersion(version);
        }),
      ),
    switchTo: (version) =>
      orUnavailable(changing(pool, version, ['kept', 'live'], () => switchVersion(version))),
    drop: (version) =>
      orUnavailable(
        changing(pool, version, ['building', 'differs', 'kept', 'dropped'], async () => {
          const { rowCount } = await pool.query(
            `update zameni.read_models set state = 'dropped', changed_at = now()
             where version = $1 and state <> 'live'`,
            [version],
          );
          if (rowCount === 0) throw new AppError('rebuild-state');
        }),
      ),
  };
}

/** Checks the state of a version, changes it, and returns it. */
async function changing(
  pool: Pool,
  version: number,
  states: readonly ReadModelsVersion['state'][],
  change: (found: ReadModelsVersion) => Promise<void>,
): Promise<ReadModelsVersion> {
  const found = await find(pool, version);
  if (!states.includes(found.state)) throw toRefusal(version, found.state);
  await change(found);
  return find(pool, version);
}

function toRefusal(version: number, state: ReadModelsVersion['state']): AppError {
  return new AppError('rebuild-state', { detail: `Version ${version} is ${state}` });
}

async function find(pool: Pool, version: number): Promise<ReadModelsVersion> {
  const found = (await select(pool)).find((each) => each.version === version);
  if (found === undefined) throw new AppError('not-found');
  return found;
}

async function switchTo(pool: Pool, version: number, forMs: number): Promise<void> {
  const backoff = createBackoff(SWITCH_BACKOFF);
  const signal = AbortSignal.timeout(forMs);
  while (!(await trySwitch(pool, version))) {
    try {
      await delay(SWITCH_BACKOFF.baseMs + backoff.nextMs(), signal);
    } catch (cause) {
      throw new AppError('projection-lagging', { cause, retryAfterSeconds: 1 });
    }
  }
}

/** Returns false if the version is behind, or if readers are in the way. */
async function trySwitch(pool: Pool, version: number): Promise<boolean> {
  try {
    const { rows } = await pool.query<{ done: boolean }>(
      'select zameni.switch_read_models($1) as done',
      [version],
    );
    return rows[0]?.done === true;
  } catch (error) {
    if (hasSqlState(error, LOCK_NOT_AVAILABLE)) return false;
    if (hasSqlState(error, WRONG_STATE)) throw new AppError('rebuild-state', { cause: error });
    throw error;
  }
}

const LOCK_NOT_AVAILABLE = '55P03';
const WRONG_STATE = '55000';

type Row = {
  readonly version: number;
  readonly state: ReadModelsVersion['state'];
  readonly selected: ReadModel[];
  readonly carried_position: string | null;
  readonly position: string;
  readonly parked: number;
  readonly comparison: ReadModelsVersion['comparison'];
  readonly accepted_reason: string | null;
  readonly started_at: Date;
  readonly changed_at: Date;
};

async function select(pool: Pick<Pool, 'query'>): Promise<readonly ReadModelsVersion[]> {
  const { rows } = await pool.query<Row>(
    `select m.version, m.state, m.selected, m.carried_position, c.position, m.comparison,
       m.accepted_reason, m.started_at, m.changed_at,
       (
         select count(*)::integer from zameni.parked p
         where p.projection = 'accounts' and p.version = m.version
       ) as parked
     from zameni.read_models m
     join zameni.checkpoints c on c.projection = 'accounts' and c.version = m.version
     order by m.version`,
  );
  return rows.map((row) => ({
    version: row.version,
    state: row.state,
    selected: row.selected,
    carriedPosition: row.carried_position === null ? null : Number(row.carried_position),
    position: Number(row.position),
    parked: row.parked,
    comparison: row.comparison,
    acceptedReason: row.accepted_reason,
    startedAt: row.started_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
  }));
}
