import { codeOf } from './error-code.ts';

/**
 * An error whose message is written for the person at the terminal, so it is shown without a trace.
 */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** Converts any thrown value to a text for people. */
export function explainFault(fault: unknown): string {
  if (fault instanceof StackError) return fault.message;
  if (fault instanceof Error && codeOf(fault) === 'ENOSPC') {
    return `There is no room on the disk (${fault.message}). Make room, then start again.`;
  }
  if (fault instanceof Error) return fault.stack ?? fault.message;
  return String(fault);
}
