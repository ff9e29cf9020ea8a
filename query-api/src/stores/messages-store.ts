import type { MessagesView, MessageView } from '@zameni/contracts';
import { AppError, type Queries } from '@zameni/runtime';

/** Whose mails to read, and which page of them. */
export type MessagesQuery = {
  /** The id of an account or of an attempt. */
  readonly id: string;
  readonly limit: number;
  /** The cursor of the page before. */
  readonly after?: string | undefined;
};

/** Reads the mails of an account or an attempt, the newest first. Throws `store-unavailable`. */
export type ReadMessages = (query: MessagesQuery) => Promise<MessagesView>;

/**
 * Reads the ledger of the mailer on the primary: a caller asks for the present state of a mail, and
 * the replica may be behind. Its guard has the deadline.
 */
export function createMessagesReader(primary: Queries): ReadMessages {
  return async ({ id, limit, after }) => {
    // One more than asked for shows whether another page follows.
    const rows = await primary.query<Row>(SELECT, [id, after ?? null, limit + 1]).then(
      (answer) => answer.rows,
      (cause: unknown) => {
        throw new AppError('store-unavailable', { cause, retryAfterSeconds: 1 });
      },
    );
    const messages = rows.slice(0, limit).map(toView);
    const last = rows.length > limit ? messages.at(-1) : undefined;
    return { messages, next: last === undefined ? null : String(last.id) };
  };
}

type Row = {
  readonly id: string;
  readonly cause: string;
  readonly kind: string | null;
  readonly state: MessageView['state'];
  readonly reason: string | null;
  readonly tries: number;
  readonly repeats: number;
  readonly next_at: Date;
  readonly created_at: Date;
  readonly changed_at: Date;
};

const COLUMNS = 'id, cause, kind, state, reason, tries, repeats, next_at, created_at, changed_at';

/** An account has the id of its attempt, so both are read, each by its index. */
const SELECT = `
  (
    select ${COLUMNS} from mailer.messages
    where user_id = $1 and ($2::bigint is null or id < $2)
    order by id desc limit $3
  ) union (
    select ${COLUMNS} from mailer.messages
    where attempt_id = $1 and ($2::bigint is null or id < $2)
    order by id desc limit $3
  )
  order by id desc limit $3`;

function toView(row: Row): MessageView {
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
  };
}
