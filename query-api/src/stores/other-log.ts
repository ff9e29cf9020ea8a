import {
  type Clock,
  createPositionPoller,
  type LiveCheckpoint,
  type ViewCache,
  withDeadline,
  Fault,
} from '@zameni/runtime';
import type { OptionalViewStore, StoredView, ViewStore } from './view-store.ts';

/** Whether the read models are those of another history of the log than the one that is there. */
export type OtherLogWatch = Disposable & { readonly isOther: () => boolean };

/** How to look: the live checkpoint, and the head of the log. */
export type OtherLogWatchOptions = {
  readonly readCheckpoint: () => Promise<LiveCheckpoint | undefined>;
  /** Undefined while the log is away. */
  readonly readHead: () => Promise<number | undefined>;
  readonly clock: Clock;
};

/** Milliseconds between looks, and for one. */
const LOOK_MS = 1_000;
const DEADLINE_MS = 3_000;

/** Looks that must agree: a leader that was just elected may not know its newest records at once. */
const LOOKS = 2;

/**
 * Looks each second whether the log ends before the checkpoint. Then it was restored from a copy, and
 * the rows cover no position of it. That stays so for this checkpoint, also when the log is longer
 * than it again. The projector finds the same and notes it; but it may be away.
 */
export function createOtherLogWatch(options: OtherLogWatchOptions): OtherLogWatch {
  const { readCheckpoint, readHead, clock } = options;
  let beyond: (LiveCheckpoint & { readonly looks: number }) | undefined;

  async function look(): Promise<undefined> {
    try {
      const late = () => new Fault('the live checkpoint was not read in time');
      // Before the head, so that the head is not behind it.
      const checkpoint = await withDeadline(readCheckpoint(), DEADLINE_MS, late);
      const head = await readHead();
      if (checkpoint === undefined || head === undefined) return undefined;
      const { version, position } = checkpoint;
      const isKnown = beyond?.version === version && beyond.position === position;
      const looks = isKnown ? (beyond?.looks ?? 0) : 0;
      if (head < position) beyond = { ...checkpoint, looks: looks + 1 };
      else if (looks < LOOKS) beyond = undefined;
    } catch {
      // Health checks name the database.
    }
    return undefined;
  }

  const poller = createPositionPoller({
    read: look,
    minMs: LOOK_MS,
    maxMs: LOOK_MS,
    clock,
    onPosition: () => undefined,
  });
  poller.start();
  return {
    isOther: () => beyond !== undefined && beyond.looks >= LOOKS,
    [Symbol.dispose]: () => poller.stop(),
  };
}

/** A view of another log covers nothing. */
function withoutPosition<Found extends StoredView | undefined>(found: Found): Found {
  return found && { ...found, position: 0 };
}

/** Stores whose views cover no position while they are of another log. */
export function coverNothingOf<Store extends ViewStore | OptionalViewStore>(
  isOther: () => boolean,
  store: Store,
): Store {
  return {
    ...store,
    read: async (kind, id) => {
      const found = await store.read(kind, id);
      return isOther() ? withoutPosition(found) : found;
    },
    readPosition: async () => {
      const position = await store.readPosition();
      return isOther() && position !== undefined ? 0 : position;
    },
  };
}

/** A cache that has nothing while its views are of another log. */
export function cacheNothingOf(isOther: () => boolean, cache: ViewCache): ViewCache {
  return {
    read: async (...query) => (isOther() ? undefined : cache.read(...query)),
    offer: async (view) => (isOther() ? undefined : cache.offer(view)),
    watermark: async () => (isOther() ? undefined : cache.watermark()),
  };
}
