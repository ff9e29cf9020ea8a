import { AppError, splitQuoted } from '@zameni/runtime';

/**
 * A strong entity tag of a person's view: the version of the read models, a hyphen, the version of the
 * person. Commands compare only the latter, because all versions of the read models agree about it.
 */
const viewTag = /^"[^"]*-(\d{1,15})"$/;

/**
 * Returns the versions that an `If-Match` header allows (RFC 9110, 13.1.1), or undefined if it
 * allows any. Tags of another form match nothing. Throws `malformed-header` if it is no list of
 * tags.
 */
export function parseIfMatch(header: string | undefined): readonly number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const tags = splitQuoted(header, ',', { escapes: false });
  if (tags === undefined) {
    throw new AppError('malformed-header', { detail: 'If-Match takes entity tags or *' });
  }
  return tags.flatMap((tag) => {
    const version = viewTag.exec(tag.trim())?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}
