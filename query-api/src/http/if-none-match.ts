import { splitQuoted } from '@zameni/runtime';

const entityTag = /^(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")$/;

/**
 * Whether an `If-None-Match` header (RFC 9110, 13.1.2) names the entity tag, by weak comparison. A
 * malformed header names none, because a full answer is always correct.
 */
export function matchesEntityTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const parts = splitQuoted(header, ',', { escapes: false }) ?? [];
  const tags = parts.map((part) => part.trim()).filter((part) => part !== '');
  const opaque = tags.map((tag) => entityTag.exec(tag)?.[1]);
  return !opaque.includes(undefined) && opaque.includes(etag);
}
