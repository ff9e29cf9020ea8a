import type { Pool } from '@zameni/runtime';
import type { CheckpointOwner } from '../lease/store.ts';
import type { Anchor } from './anchor.ts';

/** The anchors of a checkpoint. They are written with each batch. */
export type AnchorStore = {
  /** Reads the anchors, the newest first, and whether the log was found to be another one. */
  readonly readAnchors: () => Promise<{
    readonly anchors: readonly Anchor[];
    readonly isOfOtherLog: boolean;
  }>;
  /** Notes whether the log is another one. Rows of another log cover no position for readers. */
  readonly noteOtherLog: (isOfOtherLog: boolean) => Promise<void>;
};

/** Reads the anchors of a checkpoint from Postgres. */
export function createAnchorStore(
  pool: Pool,
  { projection, version, table = 'zameni.checkpoints' }: CheckpointOwner,
): AnchorStore {
  return {
    readAnchors: async () => {
      const { rows } = await pool.query<{ anchors: StoredAnchor[]; is_of_other_log: boolean }>(
        `select anchors, is_of_other_log from ${table} where projection = $1 and version = $2`,
        [projection, version],
      );
      const { anchors = [], is_of_other_log: isOfOtherLog = false } = rows[0] ?? {};
      return {
        anchors: anchors.map(({ is_event: isEvent, ...anchor }) => ({ ...anchor, isEvent })),
        isOfOtherLog,
      };
    },
    noteOtherLog: async (isOfOtherLog) => {
      await pool.query(
        `update ${table} set is_of_other_log = $3
         where projection = $1 and version = $2 and is_of_other_log <> $3`,
        [projection, version, isOfOtherLog],
      );
    },
  };
}

type StoredAnchor = Omit<Anchor, 'isEvent'> & { readonly is_event: boolean };
