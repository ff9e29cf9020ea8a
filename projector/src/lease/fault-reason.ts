/** Classes of this project whose messages quote no record, row or request. */
const OUR_ERRORS = new Set([
  'LeaderBehindError',
  'LogReadError',
  'ReplaceError',
  'SecretFileError',
  'SecureDeletionError',
  'StaleLeaderError',
  'TooManyParkedError',
  'UnreadableRecordError',
]);

/** Errors of a chain of causes that are described. */
const MAX_ERRORS = 4;

/**
 * Describes a fault to an operator: its class, its code and, where the text is safe, its message.
 * The text of a foreign error may quote data: Postgres quotes rows, JSON.parse its input. So the
 * message is shown only of our classes and of a plain Error without a code. Such an Error comes
 * from this project or from the driver of Postgres (a timeout, a lost connection), and quotes no
 * data.
 */
export function toFaultReason(thrown: unknown): string {
  const reasons: string[] = [];
  let current = thrown;
  do {
    reasons.push(describe(current));
    current = current instanceof Error ? current.cause : undefined;
  } while (current !== undefined && reasons.length < MAX_ERRORS);
  return reasons.join(', caused by ');
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  const code = codeOf(error);
  if (code !== undefined) return 'severity' in error ? `SQLSTATE ${code}` : `${error.name} ${code}`;
  const isSafe = OUR_ERRORS.has(error.name) || Object.getPrototypeOf(error) === Error.prototype;
  return isSafe && error.message !== '' ? `${error.name}: ${error.message}` : error.name;
}

/** The code that Postgres, NATS, Node or this project gave an error. */
function codeOf(error: Error): string | undefined {
  if (!('code' in error)) return undefined;
  const { code } = error;
  if (typeof code === 'number') return String(code);
  return typeof code === 'string' && /^[\w-]{1,40}$/.test(code) ? code : undefined;
}
