import { ERASURE_STORES, type ErasureView } from '@zameni/contracts';
import { AppError, type Queries, Fault } from '@zameni/runtime';

/** The progress of an erasure, if there is one, and the position that the answer covers. */
export type ErasureAnswer = {
  readonly position: number;
  readonly erasure: ErasureView | undefined;
};

/** Reads the progress of a person's erasure. Throws `store-unavailable`. */
export type ReadErasure = (userId: string) => Promise<ErasureAnswer>;

/** The databases an erasure is read from, each behind its guard. */
export type ErasureReaderOptions = { readonly primary: Queries; readonly replica: Queries };

/**
 * Reads the primary, because callers usually poll for the progress of a recent erasure, and the
 * replica for its own progress. If the primary is unavailable, an erasure on the replica is the
 * answer. A replica without the erasure may only be late, so that is `store-unavailable`.
 */
export function createErasureReader({ primary, replica }: ErasureReaderOptions): ReadErasure {
  return async (userId) => {
    const [first, second] = await Promise.allSettled([
      selectErasure(primary, userId),
      selectErasure(replica, userId),
    ]);
    const late = second.status === 'fulfilled' ? second.value : undefined;
    if (first.status === 'fulfilled') return toAnswer(userId, first.value, late);
    const unavailable = (cause: unknown) =>
      new AppError('store-unavailable', { cause, retryAfterSeconds: 1 });
    if (second.status === 'rejected') {
      const causes = [first.reason, second.reason];
      throw unavailable(new AggregateError(causes, 'neither database answers'));
    }
    if (second.value.requested_at === null) throw unavailable(first.reason);
    return toAnswer(userId, second.value, late);
  };
}

type Row = {
  readonly position: string;
  /** Whether the live version has passed the erasure. */
  readonly is_past: boolean;
  readonly requested_at: Date | null;
  readonly read_model_at: Date | null;
  readonly cache_at: Date | null;
  readonly key_at: Date | null;
  readonly claims_at: Date | null;
  readonly log_servers_behind: readonly string[];
};

async function selectErasure(pool: Queries, userId: string): Promise<Row> {
  const { rows } = await pool.query<Row>(
    `select c.position, e.requested_at, e.read_model_at, e.cache_at, e.key_at, e.claims_at,
       e.log_servers_behind,
       e.position <= c.position as is_past
     from accounts.checkpoint c
     left join zameni.erasures e on e.user_id = $1`,
    [userId],
  );
  const row = rows[0];
  if (row === undefined) throw new Fault('the projection has no checkpoint');
  return row;
}

function toAnswer(userId: string, row: Row, replica: Row | undefined): ErasureAnswer {
  const position = Number(row.position);
  if (row.requested_at === null) return { position, erasure: undefined };
  const stores = ERASURE_STORES.map((store) => toProgress(store, row, replica));
  const isDone = stores.every(({ erasedAt }) => erasedAt !== null);
  const erasure: ErasureView = {
    userId,
    status: isDone ? 'done' : 'under-way',
    requestedAt: row.requested_at.toISOString(),
    stores,
  };
  return { position, erasure };
}

type Progress = ErasureView['stores'][number];

function toProgress(store: Progress['store'], row: Row, replica: Row | undefined): Progress {
  const at = (moment: Date | null | undefined) => moment?.toISOString() ?? null;
  switch (store) {
    case 'read-model':
      return { store, erasedAt: at(readModelAt(row)) };
    case 'replica':
      // The replica replays the primary's rows, so this is the time on the primary.
      if (replica === undefined) return { store, erasedAt: null, away: ['replica'] };
      return { store, erasedAt: at(readModelAt(replica)) };
    case 'cache':
      return { store, erasedAt: at(row.cache_at) };
    case 'key':
      return { store, erasedAt: at(row.key_at) };
    case 'claims':
      return { store, erasedAt: at(row.claims_at) };
    case 'log-servers': {
      const away = row.log_servers_behind;
      return away.length === 0
        ? { store, erasedAt: at(row.key_at) }
        : { store, erasedAt: null, away: [...away] };
    }
    default:
      return store satisfies never;
  }
}

function readModelAt({ is_past: isPast, read_model_at: at }: Row): Date | null {
  return isPast ? at : null;
}
