/** A view's JSON text and the person's version. */
export type ViewContent = { readonly version: number; readonly body: string };

/**
 * What is known of a view: its content, or a tombstone. `absent`: there is none any more. `erased`:
 * the person was erased.
 */
export type View = ViewContent | 'absent' | 'erased';

/** Versions of people count from 1; no body is one of the two words, since it is a JSON object. */
const TOMBSTONE_VERSION = 0;

/** A view as the fields of its entry in Redis. */
export function encodeEntry(view: View): readonly [version: number, body: string] {
  return typeof view === 'string' ? [TOMBSTONE_VERSION, view] : [view.version, view.body];
}

/** The view in the fields of an entry; undefined for a tombstone this version does not know. */
export function decodeEntry(version: number, body: string): View | undefined {
  if (version !== TOMBSTONE_VERSION) return { version, body };
  return body === 'absent' || body === 'erased' ? body : undefined;
}
