import type { KeyRing } from './key-ring.ts';

/** A key ring that changes: keys are added, become current and are removed while a service runs. */
export type KeyRingSource<Ring extends KeyRing = KeyRing> = {
  /** Returns the current ring. It is the same object until the ring changes. */
  readonly current: () => Ring;
  /** Finds a key by id. An unknown id makes the source check its file at once. */
  readonly find: (id: string) => Buffer | undefined;
};

/** Wraps a ring that never changes. */
export function toKeyRingSource<Ring extends KeyRing>(
  ring: Ring | KeyRingSource<Ring>,
): KeyRingSource<Ring> {
  return 'find' in ring ? ring : { current: () => ring, find: (id) => ring.keys.get(id) };
}

/** Caches what `derive` makes from a ring until the ring changes. */
export function deriveFromRing<T, Ring extends KeyRing>(
  source: Pick<KeyRingSource<Ring>, 'current'>,
  make: (ring: Ring) => T,
): () => T {
  let from = source.current();
  let made = make(from);
  return () => {
    const ring = source.current();
    if (ring !== from) {
      made = make(ring);
      from = ring;
    }
    return made;
  };
}
