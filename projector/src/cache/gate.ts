import type { CacheFeed } from './feed.ts';

/**
 * A cache feed that writes only while it is open: only the live version of the read models has
 * readers. When it is closed its epoch ends, because it misses changes from then on.
 */
export function gateCacheFeed(feed: CacheFeed, isOpen: () => boolean): CacheFeed {
  return {
    resume: feed.resume,
    follow: async (position, changes) => {
      if (isOpen()) return feed.follow(position, changes);
      feed.resume(NOWHERE);
      return false;
    },
  };
}

/** No epoch is at this position. */
const NOWHERE = -1;
