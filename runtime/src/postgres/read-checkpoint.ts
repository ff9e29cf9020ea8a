import type { Queries } from './pool.ts';

/** The version of the read models that readers see, and the position that it covers. */
export type LiveCheckpoint = { readonly version: number; readonly position: number };

/** Reads the checkpoint of the live version in this database, or undefined if there is none. */
export async function readLiveCheckpoint(pool: Queries): Promise<LiveCheckpoint | undefined> {
  const { rows } = await pool.query<{ version: number; position: string }>(
    'select version, position from accounts.checkpoint',
  );
  const [row] = rows;
  return row && { version: row.version, position: Number(row.position) };
}
