import type { Pool } from '@zameni/runtime';
import type { Anchor } from '../../anchors/anchor.ts';
import { type AnchorStore, createAnchorStore } from '../../anchors/store.ts';
import { type CheckpointOwner, createPostgresLeaseStore } from '../../lease/store.ts';
import type { LeaseStore } from '../../lease/work.ts';
import { toColumns } from '../../read-models/columns.ts';
import type { Cause, Message, Outcome } from './message.ts';
import { type MessageRow, toMessage } from './row.ts';
import { TAKE } from './take.ts';

/** Records that were read: the mails they ask for, and the checkpoint before and after. */
export type CauseBatch = {
  readonly from: number;
  readonly to: number;
  readonly causes: readonly Cause[];
  /** The anchors of the checkpoint after it. Left out if they stay. */
  readonly anchors?: readonly Anchor[];
  /** Attempts whose mailbox is forgotten. */
  readonly forgotten?: readonly string[];
};

/** The number of mails of strangers that a mailbox gets in some time. */
export type MailboxBudget = { readonly mails: number; readonly windowSeconds: number };

/** The mailer's ledger, for the process that holds the lease. */
export type Ledger = LeaseStore &
  AnchorStore & {
    /**
     * Adds mails and moves the checkpoint together. Returns false if it was not ours to move.
     */
    readonly add: (batch: CauseBatch) => Promise<boolean>;
    /** Moves the checkpoint of a mailer that never ran. */
    readonly begin: (position: number) => Promise<void>;
    /**
     * Takes due mails and marks them as sending, one of each recipient at most. Defers those beyond
     * the budget of their mailbox, and merges those that wait for it into the newest one.
     */
    readonly take: (max: number, budget: MailboxBudget) => Promise<readonly Message[]>;
    /**
     * Notes that mails are handed to a server now. Returns the ids of those that may be: the others
     * are another process's by now.
     */
    readonly hand: (messages: readonly Taken[]) => Promise<ReadonlySet<number>>;
    /** Notes outcomes. Ignored for a mail that another process has taken since. */
    readonly finish: (outcomes: readonly Finished[]) => Promise<void>;
    /**
     * Takes back mails that a process took and never finished. One that it had handed to a server may
     * be sent already, so it is repeated once at most. Returns how many there were.
     */
    readonly takeBack: (olderThanMs: number) => Promise<number>;
    /** Clears digests that no budget needs any more, and removes old mails of attempts. */
    readonly clear: (budget: MailboxBudget) => Promise<void>;
    /**
     * Milliseconds until the next mail is due that waits for no earlier one; undefined without one.
     */
    readonly nextDueInMs: () => Promise<number | undefined>;
    /** Milliseconds that the mail is due which is due longest; 0 without one. */
    readonly dueForMs: () => Promise<number>;
  };

/** A mail, and which time it was taken. */
export type Taken = Pick<Message, 'id' | 'takes'>;

/** The outcome of a mail, and which taking it ends. */
export type Finished = Taken & { readonly outcome: Outcome };

/** Days that mails of attempts and mailboxes are kept. Mails of an account stay with it. */
const KEPT_DAYS = 8;

/** The ledger in Postgres. */
export function createPostgresLedger(pool: Pool, owner: CheckpointOwner): Ledger {
  const { projection, version, holder, leaseMs } = owner;
  const stored = { ...owner, table: 'mailer.checkpoints' } as const;
  return {
    ...createPostgresLeaseStore(pool, stored),
    ...createAnchorStore(pool, stored),
    add: async ({ from, to, causes, anchors, forgotten = [] }) => {
      const { rows } = await pool.query<{ moved: boolean }>(ADD, [
        projection,
        version,
        holder,
        leaseMs,
        from,
        to,
        JSON.stringify(causes.map((cause) => toColumns({ ...cause }))),
        forgotten,
        anchors && JSON.stringify(anchors.map((anchor) => toColumns({ ...anchor }))),
      ]);
      return rows[0]?.moved === true;
    },
    begin: async (position) => {
      await pool.query(
        `update mailer.checkpoints set position = $3
         where projection = $1 and version = $2 and position = -1`,
        [projection, version, position],
      );
    },
    take: async (max, { mails, windowSeconds }) => {
      const values = [max, mails, windowSeconds, projection, version, holder];
      const { rows } = await pool.query<MessageRow>(TAKE, values);
      return rows.map(toMessage);
    },
    hand: async (messages) => {
      const { rows } = await pool.query<{ id: string }>(
        `update mailer.messages m
         set is_handed = true, tries = m.tries + 1
         from jsonb_to_recordset($1::jsonb) as t (id bigint, takes integer)
         where m.id = t.id and m.takes = t.takes and m.state = 'sending'
         returning m.id`,
        [JSON.stringify(messages.map(({ id, takes }) => ({ id, takes })))],
      );
      return new Set(rows.map(({ id }) => Number(id)));
    },
    finish: async (outcomes) => {
      if (outcomes.length > 0) await pool.query(FINISH, [JSON.stringify(outcomes.map(toRow))]);
    },
    takeBack: async (olderThanMs) => {
      const { rowCount } = await pool.query(
        `update mailer.messages
         set state = case when is_handed and repeats > 0 then 'unknown' else 'waiting' end,
           repeats = case when is_handed then 1 else repeats end,
           reason = 'interrupted', next_at = now(), changed_at = now()
         where state = 'sending' and changed_at < now() - $1 * interval '1 millisecond'`,
        [olderThanMs],
      );
      return rowCount ?? 0;
    },
    clear: async ({ windowSeconds }) => {
      await pool.query(
        `update mailer.messages set mailbox = null, traceparent = null
         where mailbox is not null and state not in ('waiting', 'sending')
           and changed_at < now() - $1 * interval '1 second'`,
        [windowSeconds],
      );
      await pool.query(
        `delete from mailer.messages
         where user_id is null and state not in ('waiting', 'sending')
           and changed_at < now() - $1 * interval '1 day'`,
        [KEPT_DAYS],
      );
    },
    nextDueInMs: async () => {
      const ms = await readNextDue(pool);
      return ms === undefined ? undefined : Math.max(0, ms);
    },
    dueForMs: async () => Math.max(0, -((await readNextDue(pool)) ?? 0)),
  };
}

/** Milliseconds until the next mail is due that waits for no earlier one, less than 0 if it is due. */
async function readNextDue(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ ms: number }>(
    `select extract(epoch from m.next_at - now())::float8 * 1000 as ms
     from mailer.messages m
     where m.state = 'waiting' and not exists (
       select from mailer.messages earlier
       where earlier.recipient = m.recipient and earlier.id < m.id
         and earlier.state in ('waiting', 'sending')
       offset 0
     )
     order by m.next_at, m.id limit 1`,
  );
  return rows[0]?.ms;
}

/**
 * What waits for an erased person is looked at again at once: it is not needed any more, and must not
 * hold back the farewell, which ends soon.
 */
const ADD = `
  with moved as (
    update mailer.checkpoints
    set position = $6, lease_until = now() + $4 * interval '1 millisecond', 
      anchors = coalesce($9::jsonb, anchors)
    where projection = $1 and version = $2 and holder = $3 and position = $5
    returning true as moved
  ), added as (
    insert into mailer.messages (
      cause, position, user_id, attempt_id, recipient, mailbox, record_at, traceparent,
      is_strangers, state, reason
    )
    select c.cause, c.position, c.user_id, c.attempt_id, c.recipient, c.mailbox, c.record_at,
      c.traceparent, c.mailbox is not null,
      case c.cause when 'unreadable' then 'abandoned' else 'waiting' end,
      case c.cause when 'unreadable' then 'unreadable-record' end
    from jsonb_populate_recordset(null::mailer.messages, $7::jsonb) as c, moved
    order by c.position
    on conflict (position, cause) do nothing
  ), hastened as (
    update mailer.messages m
    set next_at = now()
    from jsonb_populate_recordset(null::mailer.messages, $7::jsonb) as c, moved
    where c.cause = 'farewell' and m.user_id = c.user_id and m.state = 'waiting'
  ), forgotten as (
    update mailer.messages m
    set mailbox = null, traceparent = null, merged_traceparents = '{}'
    from moved
    where m.attempt_id = any ($8::uuid[])
      or (m.user_id = any ($8::uuid[]) and m.state in ('abandoned', 'unknown'))
  )
  select moved from moved`;

const FINISH = `
  update mailer.messages m
  set state = case
      when f.state <> 'doubtful' then f.state
      when m.repeats = 0 then 'waiting'
      else 'unknown'
    end,
    repeats = case when f.state = 'doubtful' then least(m.repeats + 1, 1) else m.repeats end,
    kind = coalesce(f.kind, m.kind), reason = f.reason,
    traceparent = case when f.state not in ('sent', 'not-needed') then m.traceparent end,
    merged_traceparents = case when f.state in ('sent', 'not-needed') then '{}'
      else m.merged_traceparents end,
    next_at = now() + coalesce(f.delay_ms, 0) * interval '1 millisecond', changed_at = now()
  from jsonb_to_recordset($1::jsonb) as f (
    id bigint, takes integer, state text, kind text, reason text, delay_ms float8
  )
  where m.id = f.id and m.takes = f.takes and m.state = 'sending'`;

function toRow({ id, takes, outcome }: Finished): object {
  return {
    id,
    takes,
    state: outcome.state,
    kind: outcome.kind ?? null,
    reason: 'reason' in outcome ? outcome.reason : null,
    delay_ms: 'delayMs' in outcome ? outcome.delayMs : null,
  };
}
