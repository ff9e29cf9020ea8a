import type { Pool } from './pool.ts';

/**
 * Reads the position that a projection covers in this database, or undefined without a checkpoint.
 */
export async function readCheckpoint(
  pool: Pool,
  { name, version }: { readonly name: string; readonly version: number },
): Promise<number | undefined> {
  const { rows } = await pool.query<{ position: string }>(
    'select position from zameni.checkpoints where projection = $1 and version = $2',
    [name, version],
  );
  const position = rows[0]?.position;
  return position === undefined ? undefined : Number(position);
}
