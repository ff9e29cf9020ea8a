import type { ReadModel, ReadModelsComparison } from '@zameni/contracts';
import { type Pool, readModelsSchema, Fault } from '@zameni/runtime';
import { type CompareStore, createCompareStore } from './compare-store.ts';
import type { Version } from './version.ts';

/** The versions of the read models in Postgres. */
export type VersionStore = {
  /** Reads all versions, by number. */
  readonly readVersions: () => Promise<readonly Version[]>;
  /**
   * Copies from the live version what the log cannot give, or what was not selected. Returns the
   * position up to which it did.
   */
  readonly carryOver: (version: number) => Promise<number>;
  readonly readPosition: (version: number) => Promise<number>;
  /** Keeps a comparison, and whether an operator has to decide. Only while the version is built. */
  readonly saveComparison: (
    version: number,
    comparison: ReadModelsComparison,
    state: 'building' | 'differs',
  ) => Promise<void>;
  /**
   * Switches to a version that was found equal to a live one. Returns false if it is behind, or if
   * readers are in the way. Throws if an operator has changed either of them meanwhile.
   */
  readonly switchTo: (version: number, live: number) => Promise<boolean>;
  /** Deletes a dropped version. */
  readonly remove: (version: number) => Promise<void>;
  readonly compareWithLive: (
    version: number,
  ) => Promise<{ readonly live: number; readonly rows: CompareStore }>;
};

/** Reads and writes `zameni.read_models`. The pool must allow for long statements. */
export function createVersionStore(pool: Pool): VersionStore {
  const readLive = async (): Promise<number> => {
    const { rows } = await pool.query<{ version: number }>(
      `select version from zameni.read_models where state = 'live'`,
    );
    if (rows[0] === undefined) throw new Fault('no version of the read models is live');
    return rows[0].version;
  };
  return {
    readVersions: async () => {
      const { rows } = await pool.query<Row>(
        `select version, state, selected, carried_position
         from zameni.read_models order by version`,
      );
      return rows.map(({ carried_position: carried, selected, ...row }) => {
        const carriedPosition = carried === null ? null : Number(carried);
        return { ...row, selected: new Set(selected), carriedPosition };
      });
    },
    carryOver: async (version) => {
      const { rows } = await pool.query<{ carried: string }>(
        `select ${readModelsSchema(version)}.carry_over($1, $2) as carried`,
        [version, await readLive()],
      );
      return Number(rows[0]?.carried);
    },
    readPosition: async (version) => {
      const { rows } = await pool.query<{ position: string }>(
        `select position from zameni.checkpoints where projection = 'accounts' and version = $1`,
        [version],
      );
      return Number(rows[0]?.position ?? 0);
    },
    saveComparison: async (version, comparison, state) => {
      await pool.query(
        `update zameni.read_models
         set comparison = $2, state = $3,
           changed_at = case when state = $3 then changed_at else now() end
         where version = $1 and state = 'building'`,
        [version, JSON.stringify(comparison), state],
      );
    },
    switchTo: async (version, live) => {
      try {
        const { rows } = await pool.query<{ done: boolean }>(
          `select zameni.switch_read_models($1, array['building'], $2) as done`,
          [version, live],
        );
        return rows[0]?.done === true;
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code === LOCK_NOT_AVAILABLE) return false;
        throw error;
      }
    },
    remove: async (version) => {
      await pool.query('select zameni.delete_read_models($1)', [version]);
    },
    compareWithLive: async (version) => {
      const live = await readLive();
      return { live, rows: createCompareStore(pool, { live, built: version }) };
    },
  };
}

const LOCK_NOT_AVAILABLE = '55P03';

type Row = Pick<Version, 'version' | 'state'> & {
  readonly selected: readonly ReadModel[];
  readonly carried_position: string | null;
};
