import type { AdoptDeps } from './adopt.ts';

/** The head of the log, and the signal that ends the search. */
type Rewind = { readonly head: number; readonly signal: AbortSignal };

/** Rows of the ledger that are read at once. */
const PAGE = 1_000;

/**
 * Sets the mailer back to the last record that asked it for a mail and is in this log too. Mails that
 * records of the other history asked for are removed from the ledger, because records of this one
 * have their positions. If no record is found again, the mailer begins at the head, as one that never
 * ran: to mail everybody once more would be the worse failure. Returns the position.
 */
export async function rewindMailer(
  { log, pool }: AdoptDeps,
  { head, signal }: Rewind,
): Promise<number> {
  const common = head === 0 ? 0 : await findCommon();
  const position = common ?? head;
  await pool.query(
    `with removed as (
       delete from mailer.messages where position > $1
     )
     update mailer.checkpoints
     set position = $1, anchors = '[]', is_of_other_log = false,
       holder = null, lease_until = '-infinity'`,
    [position],
  );
  return position;

  /** The newest position of the ledger whose record is about the same person or attempt here. */
  async function findCommon(): Promise<number | undefined> {
    let before = head + 1;
    for (;;) {
      const { rows } = await pool.query<{ position: string; ids: (string | null)[] }>(
        `select position, array[user_id::text, attempt_id::text] as ids from mailer.messages
         where position < $1 order by position desc limit ${PAGE}`,
        [before],
      );
      for (const { position: text, ids } of rows) {
        before = Number(text);
        const record = await log.readAt(before, signal);
        const id = record?.subject.split('.').at(-1);
        if (id !== undefined && ids.includes(id)) return before;
      }
      if (rows.length < PAGE) return undefined;
    }
  }
}
