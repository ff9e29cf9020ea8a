import { openSuperuserPool, type Stack } from '@zameni/runtime/testing';

/** One move of the checkpoint, in the transaction of the rows of a batch. */
export type CheckpointMove = {
  readonly holder: string;
  readonly from: number;
  readonly to: number;
};

/** Records every move of the checkpoint until it is disposed. */
export type CheckpointMoves = AsyncDisposable & {
  /** All moves so far, in the order of their transactions. */
  readonly read: () => Promise<readonly CheckpointMove[]>;
};

const REMOVE = 'drop schema if exists checkpoint_moves cascade';

/**
 * The database itself records: a trigger writes each move that is committed, whoever makes it. The
 * row of the checkpoint is locked until the commit, so the numbers are in the order of the commits.
 */
const record = (version: number) => [
  REMOVE,
  'create schema checkpoint_moves',
  `create table checkpoint_moves.moves (
     number bigint generated always as identity primary key,
     holder text not null, from_position bigint not null, to_position bigint not null
   )`,
  `create function checkpoint_moves.record() returns trigger
   language plpgsql security definer set search_path = '' as $$
   begin
     insert into checkpoint_moves.moves (holder, from_position, to_position)
     values (new.holder, old.position, new.position);
     return null;
   end $$`,
  `create trigger record_move after update on zameni.checkpoints for each row
   when (
     new.projection = 'accounts' and new.version = ${version}
     and new.position is distinct from old.position
   )
   execute function checkpoint_moves.record()`,
];

/** Starts to record moves of the checkpoint of the version of the read models that is live. */
export async function recordCheckpointMoves(stack: Stack): Promise<CheckpointMoves> {
  const pool = openSuperuserPool(stack, { name: 'checkpoint-moves' });
  const { rows } = await pool.query<{ version: number }>('select version from accounts.checkpoint');
  for (const statement of record(rows[0]?.version ?? 0)) await pool.query(statement);
  return {
    read: async () => {
      const { rows } = await pool.query<{ holder: string; from: string; to: string }>(
        `select holder, from_position as "from", to_position as "to"
         from checkpoint_moves.moves order by number`,
      );
      return rows.map(({ holder, from, to }) => ({ holder, from: Number(from), to: Number(to) }));
    },
    [Symbol.asyncDispose]: async () => {
      await pool.query(REMOVE);
      await pool.end();
    },
  };
}

/** Finds moves that go back, repeat what was applied, or leave records out. */
export function findBrokenMoves(moves: readonly CheckpointMove[]): string[] {
  return moves.flatMap(({ holder, from, to }, index) => {
    const before = moves[index - 1]?.to ?? from;
    const text = `${holder} moved the checkpoint from ${from} to ${to}, after ${before}`;
    return from === before && to > from ? [] : [text];
  });
}
