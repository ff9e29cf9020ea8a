import type { Pool } from '@zameni/runtime';
import { openSuperuserPool, type Stack, waitUntil } from '@zameni/runtime/testing';

/** A mail as the mailer's ledger has it. */
export type LedgerRow = {
  readonly cause: string;
  readonly kind: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly tries: number;
  readonly repeats: number;
};

/** The mailer's ledger, read and changed as Postgres's superuser. */
export type LedgerView = AsyncDisposable & {
  readonly pool: Pool;
  /** Waits until no mail of an earlier test is due, or only behind another one of its recipient. */
  readonly untilIdle: () => Promise<void>;
  /** The mails of an account or an attempt, the oldest first. */
  readonly rowsOf: (id: string) => Promise<readonly LedgerRow[]>;
  /** Waits until the mails of an account or an attempt are so, and returns them. */
  readonly untilRows: (
    id: string,
    isSo: (rows: readonly LedgerRow[]) => boolean,
    deadlineMs?: number,
  ) => Promise<readonly LedgerRow[]>;
};

/** Milliseconds until an ordinary mail is done with, also on a busy machine. */
const DONE_MS = 15_000;

/** Milliseconds until all mails of earlier tests are done with. */
const IDLE_MS = 100_000;

/** Whether the mailer is done with a mail. */
export function isDone({ state }: Pick<LedgerRow, 'state'>): boolean {
  return state !== 'waiting' && state !== 'sending';
}

/** Opens the ledger. */
export function openLedger(stack: Stack): LedgerView {
  const pool = openSuperuserPool(stack, { name: 'mail.e2e' });
  const rowsOf = async (id: string): Promise<readonly LedgerRow[]> => {
    const { rows } = await pool.query<LedgerRow>(
      `select cause, kind, state, reason, tries, repeats from mailer.messages
       where user_id = $1 or attempt_id = $1 order by id`,
      [id],
    );
    return rows;
  };
  return {
    pool,
    rowsOf,
    untilIdle: () =>
      waitUntil(async () => {
        const { rows } = await pool.query(
          `select from mailer.messages m
           where state = 'sending' or (state = 'waiting' and next_at <= now() and not exists (
             select from mailer.messages earlier
             where earlier.recipient = m.recipient and earlier.id < m.id
               and earlier.state in ('waiting', 'sending')
           )) limit 1`,
        );
        return rows.length === 0;
      }, IDLE_MS),
    untilRows: async (id, isSo, deadlineMs = DONE_MS) => {
      let rows: readonly LedgerRow[] = [];
      await waitUntil(async () => {
        rows = await rowsOf(id);
        return isSo(rows);
      }, deadlineMs).catch((cause: unknown) => {
        throw new Error(`the mails of ${id} are ${JSON.stringify(rows)}`, { cause });
      });
      return rows;
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
