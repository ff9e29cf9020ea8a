import { ACCOUNTS_PROJECTION } from '@zameni/contracts';
import { AppError, splitQuoted } from '@zameni/runtime';

/**
 * The whole strong entity tag of a person's view: the projection with the version of the read models,
 * a hyphen, the version of the person. Commands compare only the latter, because all versions of
 * the read models agree about it.
 */
const viewTag = new RegExp(
  `^"${ACCOUNTS_PROJECTION}\\.[1-9]\\d{0,8}-(?:parked-)?([1-9]\\d{0,14})"$`,
);

/** An entity tag (RFC 9110, 8.8.3). */
const entityTag = /^(?:W\/)?"[\x21\x23-\x7E\x80-\xFF]*"$/;

/**
 * Returns the versions that an `If-Match` header allows (RFC 9110, 13.1.1), or undefined if it
 * allows any. Tags of another form match nothing. Throws `malformed-header` if it is no list of
 * tags.
 */
export function parseIfMatch(header: string | undefined): readonly number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const tags = splitQuoted(header, ',', { escapes: false })
    ?.map((tag) => tag.trim())
    // A list may have empty members (RFC 9110, 5.6.1).
    .filter((tag) => tag !== '');
  if (tags === undefined || tags.length === 0 || !tags.every((tag) => entityTag.test(tag))) {
    throw new AppError('malformed-header', { detail: 'If-Match takes entity tags or *' });
  }
  return tags.flatMap((tag) => {
    const version = viewTag.exec(tag)?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}
