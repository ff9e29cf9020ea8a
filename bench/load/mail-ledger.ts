import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from '@zameni/runtime';

/** The mailer's ledger as the bench sees it, through the superuser. */
export type MailLedger = {
  /** Takes the lease, so that the mailer neither reads nor sends. Resolves when it stands by. */
  readonly hold: () => Promise<void>;
  /** Gives the lease back, and waits until all mails up to a position are sent. */
  readonly releaseUntilSent: (position: number) => Promise<SentMails>;
  /** Waits until no mail is waiting and the mailer has read up to a position. */
  readonly untilSent: (position: number) => Promise<void>;
};

/** Mails that were sent, and the seconds from the first to the last of them. */
export type SentMails = { readonly mails: number; readonly seconds: number };

const POLL_MS = 200;
/** Milliseconds without any progress after which sending has failed. */
const STUCK_MS = 60_000;
/** Milliseconds in which the mailer notices that it has lost the lease, and ends what it began. */
const LOST_MS = 3_000;

/** Opens the ledger. */
export function openMailLedger(pool: Pool): MailLedger {
  async function untilSent(position: number): Promise<void> {
    let movedAt = performance.now();
    let last = '';
    for (;;) {
      const { rows } = await pool.query<{ readonly read: string; readonly next: string | null }>(
        `select c.position as read,
           coalesce(
             (select id from mailer.messages where state = 'waiting' order by next_at, id limit 1),
             (select id from mailer.messages where state = 'sending' order by changed_at limit 1)
           ) as next
         from mailer.checkpoints c`,
      );
      const [{ read, next } = { read: '0', next: null }] = rows;
      if (Number(read) >= position && next === null) return;
      const seen = `${read} ${next}`;
      if (seen !== last) movedAt = performance.now();
      else if (performance.now() - movedAt > STUCK_MS) throw new Error('the mailer is stuck');
      last = seen;
      await pause(POLL_MS);
    }
  }

  return {
    hold: async () => {
      await pool.query(`update mailer.checkpoints set holder = 'bench', lease_until = 'infinity'`);
      await pause(LOST_MS);
    },
    releaseUntilSent: async (position) => {
      const { rows: before } = await pool.query<{ readonly last: string | null }>(
        'select max(id) as last from mailer.messages',
      );
      await pool.query(`update mailer.checkpoints set holder = null, lease_until = '-infinity'`);
      await untilSent(position);
      const { rows } = await pool.query<{ readonly mails: string; readonly seconds: number }>(
        `select count(*) as mails,
           extract(epoch from max(changed_at) - min(changed_at))::float8 as seconds
         from mailer.messages where id > $1 and state = 'sent'`,
        [before[0]?.last ?? 0],
      );
      const [{ mails, seconds } = { mails: '0', seconds: Number.NaN }] = rows;
      return { mails: Number(mails), seconds };
    },
    untilSent,
  };
}
