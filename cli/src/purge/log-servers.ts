/** The servers of the log in a local stack, by their names in the cluster. */
export const LOG_SERVERS = ['n1', 'n2', 'n3'] as const;

/** The name of a server of the log. */
export type LogServer = (typeof LOG_SERVERS)[number];
