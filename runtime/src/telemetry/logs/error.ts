import { toErrorCode, toErrorName, toSafeText } from './safe-text.ts';

/** Most causes of an error that a line has. */
const MAX_CAUSES = 5;
/** Most frames of a stack that a line has, for each error of the chain. */
const MAX_FRAMES = 12;
const MAX_MESSAGE_LENGTH = 500;

/**
 * An error as the fields of `ERROR_FIELDS`. Only messages that are known to quote no data are
 * written (`safe-text.ts`). The stack has places only: its head would repeat the message.
 */
export function toErrorFields(thrown: unknown): Readonly<Record<string, string | string[]>> {
  if (!(thrown instanceof Error)) return { 'error.type': typeof thrown };
  const causes = causesOf(thrown).slice(0, MAX_CAUSES);
  const code = toErrorCode(thrown);
  return {
    'error.type': toErrorName(thrown),
    ...(code === undefined ? {} : { 'error.code': code }),
    'error.message': messageOf(thrown) ?? 'withheld',
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
  const [name, code, message] = [toErrorName(cause), toErrorCode(cause), messageOf(cause)];
  // These say nothing by their names.
  const isPlain = name === 'Error' || name === 'Fault';
  const kind = isPlain && (code ?? message) !== undefined ? undefined : name;
  return [kind, code, message].filter((word) => word !== undefined).join(': ');
}

function messageOf(error: Error): string | undefined {
  return toSafeText(error)?.slice(0, MAX_MESSAGE_LENGTH);
}

function framesOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = belowMessage(error).split('\n').filter(isFrame);
  return [toErrorName(error), ...frames.slice(0, MAX_FRAMES)].join('\n');
}

/** The stack without its head. A line of the message may look like a place. */
function belowMessage({ stack = '', message }: Error): string {
  const start = stack.indexOf(message);
  // The message was changed afterwards, so nothing says where its old one ends.
  if (start === -1) return '';
  const rest = stack.slice(start + message.length);
  return rest.slice(rest.indexOf('\n') + 1);
}

const FRAME = /^ {4}at (?:async )?(?:[^()]* \()?(?:file:\/\/\/|node:|\/)[^()]*:\d+:\d+\)?$/;

/** A place in a file. An `@` is in the names of packages only. */
function isFrame(line: string): boolean {
  if (!FRAME.test(line)) return false;
  const [own = '', ...packages] = line.split('/node_modules/');
  const isPackage = (path: string) =>
    !path.replace(/^(?:\.pnpm\/[^/]+$|@[\w.-]+\/)/, '').includes('@');
  return !own.includes('@') && packages.every(isPackage);
}
