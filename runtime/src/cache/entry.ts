/** A view's body (JSON text for a person) and the person's version. */
export type ViewContent = { readonly version: number; readonly body: string };

/** Every reason for which a view has no content. */
const NO_CONTENT = ['absent', 'erased', 'parked'] as const;

/**
 * A view as the stores know it: its content, or why there is none. `absent`: no row has the id.
 * `erased`: the person was erased, or the registration has ended. The `erased` entry of a person is
 * their tombstone. `parked`: only in the cache, for an account with records that wait; readers ask a
 * database instead.
 */
export type View = ViewContent | (typeof NO_CONTENT)[number];

/** Marks an entry without content. Versions of people start at 1. */
const NO_CONTENT_VERSION = 0;

/** A view as the fields of its entry in Redis. */
export function encodeEntry(view: View): readonly [version: number, body: string] {
  return typeof view === 'string' ? [NO_CONTENT_VERSION, view] : [view.version, view.body];
}

/** Parses the fields of an entry. Undefined if it has no content for a reason unknown here. */
export function decodeEntry(version: number, body: string): View | undefined {
  if (version !== NO_CONTENT_VERSION) return { version, body };
  return NO_CONTENT.find((reason) => reason === body);
}
