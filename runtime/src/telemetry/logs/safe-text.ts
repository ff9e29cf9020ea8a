/** Classes of this project whose messages quote no record, row, request or other data. */
const OUR_ERRORS: ReadonlySet<string> = new Set([
  'AppError',
  'ConfigError',
  'DistrustedLeaderError',
  'Fault',
  'ForgedRecordError',
  'KeySetError',
  'LeaderBehindError',
  'LeaderlessError',
  'LogReadError',
  'MigrationError',
  'NotCoveredError',
  'PoisonRecordError',
  'ReplaceError',
  'SecretFileError',
  'SecureDeletionError',
  'SmtpFault',
  'StaleLeaderError',
  'TooManyParkedError',
  'UnreadableRecordError',
  'UnwritableEventError',
  'log-mismatch',
]);

/** What codes of Node mean, in words of ours. */
const SYSTEM_TEXTS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'the address is not available',
  EAI_AGAIN: 'the name cannot be looked up now',
  ECONNABORTED: 'the connection was aborted',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'the host is not reachable',
  EMFILE: 'too many files are open',
  ENETUNREACH: 'the network is not reachable',
  ENOENT: 'there is no such file',
  ENOSPC: 'the disk is full',
  ENOTFOUND: 'the name is not known',
  EPIPE: 'the other side closed the connection',
  EROFS: 'the file system is read-only',
  ETIMEDOUT: 'it took too long',
  UND_ERR_SOCKET: 'the connection broke',
};

/** Whole messages of drivers that come without a code. None has room for data. */
const DRIVER_TEXTS: ReadonlySet<string> = new Set([
  // pg and its pool
  'Connection terminated',
  'Connection terminated due to connection timeout',
  'Connection terminated unexpectedly',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Query read timeout',
  'timeout expired',
  'timeout exceeded when trying to connect',
  'Cannot use a pool after calling end on the pool',
  // ioredis
  'Command timed out',
  'Connection is closed.',
  "Stream isn't writeable and enableOfflineQueue options is false",
  'connect ETIMEDOUT',
  // nats
  'no responders',
  'timeout',
]);

/**
 * The text of an error, if it is known to quote no data: of our own classes, of a code of Node, or
 * one of those that drivers always use. Any other error may repeat its input: Postgres quotes rows,
 * a parser its text, a mail server a mailbox.
 */
export function toSafeText(error: Error): string | undefined {
  if (OUR_ERRORS.has(error.name)) return error.message === '' ? undefined : error.message;
  const code = toErrorCode(error);
  if (code === undefined) return DRIVER_TEXTS.has(error.message) ? error.message : undefined;
  if ('severity' in error) return `SQLSTATE ${code}`;
  return Object.hasOwn(SYSTEM_TEXTS, code) ? SYSTEM_TEXTS[code] : undefined;
}

/** The code that Postgres, NATS, Node or this project gave an error. Another value could be data. */
export function toErrorCode(error: Error): string | undefined {
  if (!('code' in error)) return undefined;
  const { code } = error;
  if (typeof code === 'number') return String(code);
  return typeof code === 'string' && /^[\w-]{1,64}$/.test(code) ? code : undefined;
}

/** The class of an error. Whoever makes an error can give it any name. */
export function toErrorName({ name }: Error): string {
  return /^[\w$.-]{1,64}$/.test(name) ? name : 'Error';
}
