import type { View, ViewKind } from '@zameni/runtime';

/** What the database says: the view or that there is none, and the position the answer covers. */
export type StoredView = {
  readonly position: number;
  readonly view: View;
};

/** One database, replica or primary, as the readers of views see it. Rejects when it cannot tell. */
export type ViewStore = {
  readonly read: (kind: ViewKind, id: string) => Promise<StoredView>;
  readonly readPosition: () => Promise<number>;
};

/** A store that may be away: it answers undefined instead of failing. */
export type OptionalViewStore = {
  readonly read: (kind: ViewKind, id: string) => Promise<StoredView | undefined>;
  readonly readPosition: () => Promise<number | undefined>;
};
