/**
 * The projection behind both views and its version. The version is in the name of its schema in
 * Postgres, in its cache keys and in ETags, because a rebuild fills a new version beside the old.
 */
export const ACCOUNTS_PROJECTION = { name: 'accounts', version: 1 } as const;
