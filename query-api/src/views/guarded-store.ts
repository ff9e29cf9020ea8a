import type { Guard } from '../stores/guard.ts';
import type { OptionalViewStore, ViewStore } from './store.ts';

/** A store that returns undefined while its guard finds it unavailable. */
export function createGuardedStore(store: ViewStore, guard: Guard): OptionalViewStore {
  // The guard logs the reason once, when its breaker opens.
  const attempt = <T>(work: () => Promise<T>) => guard(work).catch(() => undefined);
  return {
    read: (kind, id) => attempt(() => store.read(kind, id)),
    readPosition: () => attempt(() => store.readPosition()),
  };
}
