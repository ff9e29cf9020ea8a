import type { View, ViewKind } from '@zameni/runtime';

/** A view in a database, or why there is none, and the position that the answer covers. */
export type StoredView = {
  readonly position: number;
  /** The version of the read models that it is from: the live one when it was read. */
  readonly modelVersion: number;
  /** Only the cache says `parked` instead of a view. */
  readonly view: Exclude<View, 'parked'>;
  /**
   * The position of the first record that waits, only if the account or attempt is parked. The view
   * then covers the position before it, whatever the checkpoint is.
   */
  readonly parkedAt?: number;
};

/** The read model in one database, replica or primary. Rejects if it is unavailable. */
export type ViewStore = {
  readonly read: (kind: ViewKind, id: string) => Promise<StoredView>;
  readonly readPosition: () => Promise<number>;
};

/** A store that may be unavailable. It returns undefined instead of rejecting. */
export type OptionalViewStore = {
  readonly read: (kind: ViewKind, id: string) => Promise<StoredView | undefined>;
  readonly readPosition: () => Promise<number | undefined>;
};
