import { parseEventType, subjects } from '@zameni/contracts';
import type { AdoptDeps } from './adopt.ts';

/** Erasures that are looked at together. */
const PAGE = 1_000;

/**
 * Finds people whose erasure is noted, and whose account is in the log without it: the copy is from
 * before. Their progress is cleared, so that the next erasure reports what it has done. They stay
 * erased for readers meanwhile.
 */
export async function findErasedBefore(
  { log, pool }: AdoptDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await pool.query<{ user_id: string }>(
      `select user_id from zameni.erasures where user_id > $1 order by user_id limit ${PAGE}`,
      [after],
    );
    const ids = rows.map(({ user_id: id }) => id);
    const last = await log.readLast(ids.map(subjects.account), signal);
    found.push(
      ...ids.filter((id) => {
        const record = last.get(subjects.account(id));
        const type = record && parseEventType(record.data)?.type;
        return type !== undefined && !type.startsWith('zameni.account.erased.');
      }),
    );
    if (ids.length < PAGE) break;
    after = ids.at(-1) ?? after;
  }
  await pool.query(
    `update zameni.erasures
     set read_model_at = null, cache_at = null, key_at = null, claims_at = null
     where user_id = any ($1::uuid[])`,
    [found],
  );
  return found;
}
