import type { KeyRing } from './key-ring.ts';

/** A key ring as it changes: keys are added, become current and are removed while a service runs. */
export type KeyRingSource<Ring extends KeyRing = KeyRing> = {
  /** The ring as it is; the same object as long as it does not change. */
  readonly current: () => Ring;
  /** A key by its id; one that is not known makes the source look at once. */
  readonly find: (id: string) => Buffer | undefined;
};

/** Takes a ring that was read once for one that never changes. */
export function toKeyRingSource<Ring extends KeyRing>(
  ring: Ring | KeyRingSource<Ring>,
): KeyRingSource<Ring> {
  return 'find' in ring ? ring : { current: () => ring, find: (id) => ring.keys.get(id) };
}

/** What is made from a ring, made again when the ring has changed. */
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
