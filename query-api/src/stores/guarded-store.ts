import { type Breaker, createBreaker, type Logger, withDeadline } from '@zameni/runtime';
import type { OptionalViewStore, ViewStore } from './view-store.ts';

/** What guarding a store needs. */
export type GuardOptions = {
  readonly store: ViewStore;
  /** Shown in the log. */
  readonly name: string;
  readonly logger: Logger;
  readonly now?: () => number;
};

/** Milliseconds a read by primary key may take on a replica before another store is the better bet. */
const READ_DEADLINE_MS = 1_000;

/** A store whose absence slows the first readers only: a breaker keeps the others from waiting. */
export function createGuardedStore(options: GuardOptions): OptionalViewStore {
  const { store, name, logger, now = Date.now } = options;
  const breaker: Breaker = createBreaker({
    failuresToOpen: 3,
    openMs: 1_000,
    now,
    onOpen: (error) => logger.warn({ error, store: name }, 'store does not answer'),
    onClose: () => logger.info({ store: name }, 'store answers again'),
  });
  const guard = <T>(work: () => Promise<T>) =>
    breaker.run(() =>
      withDeadline(work(), READ_DEADLINE_MS, () => new Error(`${name} did not answer in time`)),
    );
  return {
    read: (kind, id) => guard(() => store.read(kind, id)),
    readPosition: () => guard(() => store.readPosition()),
  };
}
