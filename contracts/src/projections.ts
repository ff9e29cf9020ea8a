/**
 * The projection behind both views, and its version. The version is part of the Postgres schema's
 * name, of cache keys and of ETags, because a rebuild fills a new version beside the old one.
 */
export const ACCOUNTS_PROJECTION = { name: 'accounts', version: 1 } as const;
