/**
 * The projection that fills all read models, and its version. The version is part of the name of
 * the Postgres schema, of cache keys and of ETags, because a rebuild fills a new version beside the
 * old one.
 */
export const ACCOUNTS_PROJECTION = { name: 'accounts', version: 1 } as const;
