import {
  type Breaker,
  type BreakerOptions,
  createBreaker,
  type Logger,
  withDeadline,
  Fault,
} from '@zameni/runtime';
import type { OptionalViewStore, ViewStore } from './view-store.ts';

/** What a guarded store needs. */
export type GuardOptions = {
  readonly store: ViewStore;
  /** Name in logs and metrics. */
  readonly name: BreakerOptions['name'];
  readonly logger: Logger;
  readonly now?: () => number;
};

/** Milliseconds a read by primary key may take before another store is probably faster. */
const READ_DEADLINE_MS = 1_000;

/**
 * A store that returns undefined while it is unavailable. After three failures a breaker opens, so
 * only the first readers wait.
 */
export function createGuardedStore(options: GuardOptions): OptionalViewStore {
  const { store, name, logger, now = Date.now } = options;
  const breaker: Breaker = createBreaker({
    name,
    failuresToOpen: 3,
    openMs: 1_000,
    now,
    onOpen: (error) => logger.warn({ error, store: name }, 'store does not answer'),
    onClose: () => logger.info({ store: name }, 'store answers again'),
  });
  const guard = <T>(work: () => Promise<T>) =>
    breaker.run(() =>
      withDeadline(work(), READ_DEADLINE_MS, () => new Fault(`${name} did not answer in time`)),
    );
  return {
    read: (kind, id) => guard(() => store.read(kind, id)),
    readPosition: () => guard(() => store.readPosition()),
  };
}
