import { ACCOUNTS_PROJECTION, ERASURE_STORES, type ErasureView } from '@zameni/contracts';
import { AppError, type Pool } from '@zameni/runtime';

/** An erasure or none, with the position that the answer covers. */
export type ErasureAnswer = {
  readonly position: number;
  readonly erasure: ErasureView | undefined;
};

/** Answers how far the erasure of a person has come, or throws `store-unavailable`. */
export type ReadErasure = (userId: string) => Promise<ErasureAnswer>;

/** The databases an erasure is read from. */
export type ErasureReaderOptions = { readonly primary: Pool; readonly replica: Pool };

/**
 * Asks the primary, since who asks has just been told of the erasure and waits for its progress. The
 * replica stands in for what it has; that it has none may only mean "not yet".
 */
export function createErasureReader({ primary, replica }: ErasureReaderOptions): ReadErasure {
  return async (userId) => {
    try {
      return await selectErasure(primary, userId);
    } catch (cause) {
      const unavailable = new AppError('store-unavailable', { cause, retryAfterSeconds: 1 });
      const late = await selectErasure(replica, userId).catch((second: unknown) => {
        const both = new AggregateError([cause, second], 'neither database answers');
        throw new AppError('store-unavailable', { cause: both, retryAfterSeconds: 1 });
      });
      if (late.erasure === undefined) throw unavailable;
      return late;
    }
  };
}

type Moments = {
  readonly read_model_at: Date | null;
  readonly cache_at: Date | null;
  readonly key_at: Date | null;
  readonly claims_at: Date | null;
};
type Row = Moments & {
  readonly position: string;
  readonly requested_at: Date | null;
};

const columns = {
  'read-model': 'read_model_at',
  cache: 'cache_at',
  key: 'key_at',
  claims: 'claims_at',
} as const satisfies Record<(typeof ERASURE_STORES)[number], keyof Moments>;

async function selectErasure(pool: Pool, userId: string): Promise<ErasureAnswer> {
  const { rows } = await pool.query<Row>(
    `select c.position, e.requested_at, e.read_model_at, e.cache_at, e.key_at, e.claims_at
     from zameni.checkpoints c
     left join zameni.erasures e on e.user_id = $3
     where c.projection = $1 and c.version = $2`,
    [ACCOUNTS_PROJECTION.name, ACCOUNTS_PROJECTION.version, userId],
  );
  const row = rows[0];
  if (row === undefined) throw new Error('the projection has no checkpoint');
  const { requested_at: requestedAt } = row;
  const position = Number(row.position);
  if (requestedAt === null) return { position, erasure: undefined };
  const stores = ERASURE_STORES.map((store) => ({
    store,
    erasedAt: row[columns[store]]?.toISOString() ?? null,
  }));
  const isDone = stores.every(({ erasedAt }) => erasedAt !== null);
  const erasure: ErasureView = {
    userId,
    status: isDone ? 'done' : 'under-way',
    requestedAt: requestedAt.toISOString(),
    stores,
  };
  return { position, erasure };
}
