import { toErrorCode, toErrorName, toSafeText } from '@zameni/runtime';

/** Errors of a chain of causes that are described. */
const MAX_ERRORS = 4;

/**
 * Describes a fault to an operator: its class, its code and, where the text is known to quote no
 * data, its message.
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
  const code = toErrorCode(error);
  if (code !== undefined) {
    return 'severity' in error ? `SQLSTATE ${code}` : `${toErrorName(error)} ${code}`;
  }
  const text = toSafeText(error);
  return text === undefined ? toErrorName(error) : `${toErrorName(error)}: ${text}`;
}
