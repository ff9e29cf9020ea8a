import type {
  LedgerMessage,
  LedgerMessages,
  MailCounts,
  MessageState,
  RedrivenMessages,
  RedriveMessages,
} from '@zameni/contracts';
import { AppError, type Pool } from '@zameni/runtime';
import { orUnavailable } from '../../operator/or-unavailable.ts';

/** Which mails to list, and how many. */
export type MessageQuery = {
  readonly state?: MessageState | undefined;
  /** A reason, or its first words. */
  readonly reason?: string | undefined;
  readonly limit: number;
  /** The cursor of the page before. */
  readonly after?: string | undefined;
};

/**
 * The ledger as operators see and change it. A redrive makes a mail wait for a try now; the sender
 * decides as usual what it is then, and the budget of its mailbox holds. Every method throws
 * `store-unavailable`.
 */
export type MessageStore = {
  /** Lists the newest mails first. */
  readonly list: (query: MessageQuery) => Promise<LedgerMessages>;
  /** Throws `not-found`. */
  readonly find: (id: number) => Promise<LedgerMessage>;
  /**
   * Has an abandoned or unknown mail wait again, with tries and repeats from the start, or a waiting
   * one tried now. Throws `not-found`, or `message-state` for any other mail.
   */
  readonly redrive: (id: number) => Promise<LedgerMessage>;
  /** Redrives abandoned mails, a thousand at most, the oldest first. */
  readonly redriveAll: (which: RedriveMessages) => Promise<RedrivenMessages>;
  /** Counts the mails that are not done. */
  readonly count: () => Promise<MailCounts>;
};

/** Mails that one statement redrives. */
const MAX_REDRIVEN = 1_000;

/** Reads and writes `mailer.messages` in Postgres. */
export function createMessageStore(pool: Pick<Pool, 'query'>): MessageStore {
  return {
    list: (query) => orUnavailable(list(pool, query)),
    find: (id) => orUnavailable(find(pool, id)),
    redrive: (id) => orUnavailable(redrive(pool, id)),
    redriveAll: (which) => orUnavailable(redriveAll(pool, which)),
    count: () => orUnavailable(count(pool)),
  };
}

type Row = {
  readonly id: string;
  readonly cause: string;
  readonly position: string;
  readonly user_id: string | null;
  readonly attempt_id: string | null;
  readonly kind: string | null;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly tries: number;
  readonly repeats: number;
  readonly merged: number;
  readonly created_at: Date;
  readonly next_at: Date;
  readonly changed_at: Date;
};

/** All but the digest of the mailbox, and what begins with it. */
const COLUMNS = `id, cause, position, user_id, attempt_id, kind, state, reason, tries, repeats,
  merged, created_at, next_at, changed_at`;

/** A reason in $1, or any if it is null. No word of it is a pattern. */
const HAS_REASON = `($1::text is null or reason = $1
  or starts_with(reason, $1 || ' ') or starts_with(reason, $1 || ':'))`;

const LIST = `
  select ${COLUMNS} from mailer.messages
  where ${HAS_REASON}
    and ($2::text is null or state = $2)
    and ($3::bigint is null or id < $3)
  order by id desc
  limit $4`;

const FIND = `select ${COLUMNS} from mailer.messages where id = $1`;

/** What an unreadable record asks for is not known to any try. */
const CAN_REDRIVE = `cause <> 'unreadable' and state in ('waiting', 'abandoned', 'unknown')`;

/** The reason of a waiting mail stays: mails that wait for a budget are merged by it. */
const REDRIVE = `
  update mailer.messages
  set state = 'waiting', next_at = now(), changed_at = now(),
    tries = case state when 'waiting' then tries else 0 end,
    repeats = case state when 'waiting' then repeats else 0 end,
    reason = case state when 'waiting' then reason else 'redriven' end
  where id = $1 and ${CAN_REDRIVE}
  returning ${COLUMNS}`;

/** The oldest first, so that the cursor passes over what is abandoned again meanwhile. */
const REDRIVE_ALL = `
  with chosen as (
    select id from mailer.messages
    where state = 'abandoned' and cause <> 'unreadable' and ${HAS_REASON}
      and ($2::bigint is null or id > $2)
    order by id
    limit $3
    for update
  )
  update mailer.messages m
  set state = 'waiting', next_at = now(), changed_at = now(), tries = 0, repeats = 0,
    reason = 'redriven'
  from chosen
  where m.id = chosen.id
  returning m.id`;

/** Each count uses the index of its state. Mails that are done are many, and nobody waits for them. */
const COUNT = `
  select
    (select count(*)::integer from mailer.messages where state = 'waiting') as waiting,
    (select count(*)::integer from mailer.messages where state = 'sending') as sending,
    (select count(*)::integer from mailer.messages where state = 'abandoned') as abandoned,
    (select count(*)::integer from mailer.messages where state = 'unknown') as unknown,
    (
      select floor(extract(epoch from now() - min(created_at)))::integer
      from mailer.messages where state = 'waiting'
    ) as oldest`;

async function list(pool: Pick<Pool, 'query'>, query: MessageQuery): Promise<LedgerMessages> {
  const { state, reason, limit, after } = query;
  const values = [reason ?? null, state ?? null, after ?? null];
  // One more than asked for shows whether another page follows.
  const { rows } = await pool.query<Row>(LIST, [...values, limit + 1]);
  const messages = rows.slice(0, limit).map(toMessage);
  const last = rows.length > limit ? messages.at(-1) : undefined;
  return { messages, next: last === undefined ? null : String(last.id) };
}

async function find(pool: Pick<Pool, 'query'>, id: number): Promise<LedgerMessage> {
  const { rows } = await pool.query<Row>(FIND, [id]);
  if (rows[0] === undefined) throw new AppError('not-found', { detail: `There is no mail ${id}` });
  return toMessage(rows[0]);
}

async function redrive(pool: Pick<Pool, 'query'>, id: number): Promise<LedgerMessage> {
  const { rows } = await pool.query<Row>(REDRIVE, [id]);
  if (rows[0] !== undefined) return toMessage(rows[0]);
  const { state, cause } = await find(pool, id);
  const why = cause === 'unreadable' ? 'asked for by a record that cannot be read' : state;
  throw new AppError('message-state', { detail: `Mail ${id} is ${why}` });
}

async function redriveAll(
  pool: Pick<Pool, 'query'>,
  { reason, after }: RedriveMessages,
): Promise<RedrivenMessages> {
  const values = [reason ?? null, after ?? null, MAX_REDRIVEN];
  const { rows } = await pool.query<{ id: string }>(REDRIVE_ALL, values);
  const last = Math.max(...rows.map(({ id }) => Number(id)));
  return { redriven: rows.length, next: rows.length < MAX_REDRIVEN ? null : String(last) };
}

async function count(pool: Pick<Pool, 'query'>): Promise<MailCounts> {
  const { rows } = await pool.query<Counts>(COUNT);
  const { oldest = null, waiting = 0, sending = 0, abandoned = 0, unknown = 0 } = rows[0] ?? {};
  // The clocks of two servers may differ by a little.
  const oldestWaitingSeconds = oldest === null ? null : Math.max(0, oldest);
  return { waiting, sending, abandoned, unknown, oldestWaitingSeconds };
}

type Counts = Omit<MailCounts, 'oldestWaitingSeconds'> & { readonly oldest: number | null };

function toMessage(row: Row): LedgerMessage {
  return {
    id: Number(row.id),
    cause: row.cause,
    kind: row.kind,
    state: row.state,
    reason: row.reason,
    tries: row.tries,
    repeats: row.repeats,
    nextTryAt: row.state === 'waiting' ? row.next_at.toISOString() : null,
    askedAt: row.created_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
    position: Number(row.position),
    userId: row.user_id,
    attemptId: row.attempt_id,
    merged: row.merged,
  };
}
