import { subjects, type UserId } from '@zameni/contracts';
import {
  AppError,
  createBackoff,
  createWaitObserver,
  DEADLINES,
  delay,
  type EventLog,
  Fault,
  isAbsent,
  type Pool,
  readLiveCheckpoint,
} from '@zameni/runtime';
import { readAttempt } from '../log/attempt-reader.ts';
import type { ReplicaPosition } from './replica-position.ts';

/**
 * Waits until no store that serves reads has an erased person or attempt. Throws
 * `projection-lagging` after the deadline, or a while after the process began to stop. The erasure
 * then continues: the worse failure is to report it as done too early.
 */
export type UntilErased = {
  readonly person: (userId: UserId) => Promise<void>;
  /** `position` is that of the attempt's closing record. */
  readonly attempt: (id: UserId, position: number) => Promise<void>;
};

/** Dependencies of waiting. */
export type UntilErasedDeps = {
  readonly pool: Pool;
  readonly log: Pick<EventLog, 'readFirst' | 'countRecords'>;
  readonly replicaPosition: ReplicaPosition;
  /** Aborts when the process stops. */
  readonly stopping: AbortSignal;
  /** Milliseconds from then on until every wait ends. */
  readonly stopMs?: number;
  readonly now?: () => number;
};

/** An erasure that primary, cache and log have done, and the milliseconds since the primary has. */
type Erased = { readonly position: number; readonly ageMs: number };

const BACKOFF = { baseMs: 20, maxMs: 250 };

/**
 * Other processes erase; this only polls. For a person it waits for key, read model and cache, and
 * for the replica, which answers once the cache loses the tombstone. A replica that does not replay,
 * or is away, is waited for only until no reader believes it. It does not wait for claims, attempts
 * on the address, rebuilding versions of the projection or servers that are down; the erasure's
 * progress shows these. Anybody can create attempts, so their number has no bound.
 */
export function createUntilErased(deps: UntilErasedDeps): UntilErased {
  const { pool, log, replicaPosition, stopping, now = () => performance.now() } = deps;
  const { stopMs = DEADLINES.erasedAtStop } = deps;
  const observeWait = createWaitObserver('erased');
  const stopped = new AbortController();
  const stop = () => stopped.abort(new Fault('the process stops'));
  stopping.addEventListener('abort', () => setTimeout(stop, stopMs), { once: true });

  async function until(
    isDone: (signal: AbortSignal) => Promise<Erased | undefined>,
  ): Promise<void> {
    return observeWait(
      () => pollUntil(isDone),
      () => 'reached',
    );
  }

  async function pollUntil(
    isDone: (signal: AbortSignal) => Promise<Erased | undefined>,
  ): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(DEADLINES.erased), stopped.signal]);
    const backoff = createBackoff(BACKOFF);
    let since: number | undefined;
    try {
      for (;;) {
        const erased = await isDone(signal);
        if (erased !== undefined) {
          since ??= now();
          // The clock of the database may be set back. A second `DELETE` of a person need not wait.
          if (Math.max(erased.ageMs, now() - since) >= DEADLINES.replicaDistrusted) return;
          if (((await replicaPosition()) ?? 0) >= erased.position) return;
        }
        await delay(BACKOFF.baseMs + backoff.nextMs(), signal);
      }
    } catch (cause) {
      throw new AppError('projection-lagging', { cause, retryAfterSeconds: 1 });
    }
  }

  return {
    person: (userId) => until(() => readErased(pool, userId)),
    attempt: (id, position) =>
      until(async (signal) => {
        const subject = subjects.attempt(id);
        const first = await log.readFirst(subject, signal);
        const isClosed = first !== undefined && readAttempt(first).record.state === 'closed';
        if (!isClosed && first !== undefined) return undefined;
        if (!isClosed && !(await isAbsent(log, { subject, known: position }, signal))) {
          return undefined;
        }
        const live = await readLiveCheckpoint(pool);
        return live !== undefined && live.position >= position ? { position, ageMs: 0 } : undefined;
      }),
  };
}

async function readErased(pool: Pool, userId: UserId): Promise<Erased | undefined> {
  const { rows } = await pool.query<{ position: string; age_ms: number }>(
    `select e.position, extract(epoch from now() - e.read_model_at)::float8 * 1000 as age_ms
     from accounts.checkpoint c
     join zameni.erasures e on e.user_id = $1
     where e.cache_at is not null and e.key_at is not null
       and e.read_model_at is not null and c.position >= e.position`,
    [userId],
  );
  const [row] = rows;
  return row && { position: Number(row.position), ageMs: row.age_ms };
}
