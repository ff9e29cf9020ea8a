/** Most causes of an error that a line has. */
const MAX_CAUSES = 5;
/** Most frames of a stack that a line has, for each error of the chain. */
const MAX_FRAMES = 12;
const MAX_MESSAGE_LENGTH = 500;

/**
 * An error as the fields of `ERROR_FIELDS`. Messages that may quote data are left out: those of
 * Postgres, which puts row values into `detail`, `where` and, for some codes, the message; those of
 * the language and of Node, which quote their input; those of mail servers; and any with a quote or
 * an `@`. The stack has places only: its first line would repeat the message.
 */
export function toErrorFields(thrown: unknown): Readonly<Record<string, string | string[]>> {
  if (!(thrown instanceof Error)) return { 'error.type': typeof thrown };
  const causes = causesOf(thrown).slice(0, MAX_CAUSES);
  const code = codeOf(thrown);
  return {
    'error.type': thrown.name,
    ...(code === undefined ? {} : { 'error.code': code }),
    'error.message': messageOf(thrown),
    'error.stack_trace': [thrown, ...causes].map(framesOf).join('\ncaused by '),
    ...(causes.length === 0 ? {} : { 'zameni.error.causes': causes.map(describeCause) }),
  };
}

/** The causes, depth first. Several errors at once are causes of the error that collects them. */
function causesOf(error: Error, depth = 0): unknown[] {
  if (depth >= MAX_CAUSES) return [];
  const several: unknown[] = error instanceof AggregateError ? error.errors : [];
  const next = error.cause === undefined ? several : [error.cause, ...several];
  return next
    .slice(0, MAX_CAUSES)
    .flatMap((cause) => [cause, ...(cause instanceof Error ? causesOf(cause, depth + 1) : [])]);
}

function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return typeof cause;
  const kind = cause.name === 'Error' ? [] : [cause.name];
  const words = [...kind, codeOf(cause) ?? '', messageOf(cause)];
  return words.filter((word) => word !== '').join(': ');
}

function messageOf(error: Error): string {
  const code = codeOf(error);
  if (code !== undefined && 'severity' in error) return `SQLSTATE ${code}`;
  return mayQuote(error) ? 'withheld' : error.message.slice(0, MAX_MESSAGE_LENGTH);
}

/** Whether the text of an error may repeat its input: of the language, of Node, of a mail server. */
function mayQuote(error: Error): boolean {
  if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) {
    return true;
  }
  return 'responseCode' in error || /["'`@\n]|^\d{3}[ -]|: .*\//.test(error.message);
}

/** Codes are short words. Another value could be data. */
function codeOf(error: Error): string | undefined {
  if (!('code' in error)) return undefined;
  const code = String(error.code);
  return /^[\w-]{1,64}$/.test(code) ? code : undefined;
}

function framesOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  // A line of the message may look like a place.
  const stack = (error.stack ?? '').replace(error.message, '');
  const frames = stack
    .split('\n')
    .filter((line) => /^ {4}at .*:\d+\)?$/.test(line) && !/@(?!.*\/)/.test(line));
  return [error.name, ...frames.slice(0, MAX_FRAMES)].join('\n');
}
