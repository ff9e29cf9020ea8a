import {
  type ClaimLayout,
  type KeyRingSource,
  type PepperRing,
  toClaimLayout,
} from '@zameni/runtime';

/** The layout of claims, which changes while a service runs. */
export type ClaimLayouts = {
  /** Runs work with the present layout; the work keeps it to its end. */
  readonly use: <T>(work: (layout: ClaimLayout) => Promise<T>) => Promise<T>;
  /** The oldest ring that work still uses; the newest when there is no work. */
  readonly current: () => PepperRing;
};

/**
 * Follows the layout of a ring of peppers. A rotation continues when every process reports the new
 * ring, and a process reports it only when no work uses an older one.
 */
export function createClaimLayouts(
  source: Pick<KeyRingSource<PepperRing>, 'current'>,
): ClaimLayouts {
  let newest = open(source.current());
  // In the order of their first use, so the first is the oldest.
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
      // Looked up first, so that work that begins later uses the returned ring or a newer one.
      const { ring } = look();
      const [oldest] = inUse.keys();
      return oldest?.ring ?? ring;
    },
  };
}

type Opened = { readonly ring: PepperRing; readonly layout: ClaimLayout };

function open(ring: PepperRing): Opened {
  return { ring, layout: toClaimLayout(ring) };
}
