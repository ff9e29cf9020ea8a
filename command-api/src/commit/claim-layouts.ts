import { type ClaimLayout, type KeyRing, type KeyRingSource, toClaimLayout } from '@zameni/runtime';

/** The layout of claims as it changes while a service runs. */
export type ClaimLayouts = {
  /** Works with the layout as it is now; what is begun with one is ended with it. */
  readonly use: <T>(work: (layout: ClaimLayout) => Promise<T>) => Promise<T>;
  /** The oldest ring that something is still being done with. */
  readonly current: () => KeyRing;
};

/**
 * Follows the layout of a ring of peppers. A rotation goes on when every process says that it has
 * arrived, and one has arrived only when nothing is under way any more with the ring before.
 */
export function createClaimLayouts(source: Pick<KeyRingSource, 'current'>): ClaimLayouts {
  let newest = open(source.current());
  // In the order in which they came into use, so the first is the oldest.
  const inUse = new Map<Opened, number>();

  function look(): Opened {
    const ring = source.current();
    if (ring !== newest.ring) newest = open(ring);
    return newest;
  }

  function count(opened: Opened, change: 1 | -1): void {
    const users = (inUse.get(opened) ?? 0) + change;
    if (users > 0) inUse.set(opened, users);
    else inUse.delete(opened);
  }

  return {
    use: async (work) => {
      const opened = look();
      count(opened, 1);
      try {
        return await work(opened.layout);
      } finally {
        count(opened, -1);
      }
    },
    current: () => {
      // First, so that what begins from now on has what is answered, or a newer one.
      const { ring } = look();
      const [oldest] = inUse.keys();
      return oldest?.ring ?? ring;
    },
  };
}

type Opened = { readonly ring: KeyRing; readonly layout: ClaimLayout };

function open(ring: KeyRing): Opened {
  return { ring, layout: toClaimLayout(ring) };
}
