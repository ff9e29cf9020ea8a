/** A view's body (JSON text for a person) and the person's version. */
export type ViewContent = { readonly version: number; readonly body: string };

/**
 * A view as the stores know it: its content, or a tombstone. `absent`: there is no view. `erased`:
 * the person was erased.
 */
export type View = ViewContent | 'absent' | 'erased';

/** Marks a tombstone. Versions of people start at 1. */
const TOMBSTONE_VERSION = 0;

/** A view as the fields of its entry in Redis. */
export function encodeEntry(view: View): readonly [version: number, body: string] {
  return typeof view === 'string' ? [TOMBSTONE_VERSION, view] : [view.version, view.body];
}

/** Parses the fields of an entry. Undefined for a tombstone that this version does not know. */
export function decodeEntry(version: number, body: string): View | undefined {
  if (version !== TOMBSTONE_VERSION) return { version, body };
  return body === 'absent' || body === 'erased' ? body : undefined;
}
