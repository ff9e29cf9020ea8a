/** The name of the projection that fills all read models: in leases, statuses, cache keys, ETags. */
export const ACCOUNTS_PROJECTION = 'accounts';
