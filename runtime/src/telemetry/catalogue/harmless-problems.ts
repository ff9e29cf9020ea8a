import type { ErrorCode } from '@zameni/contracts';

/**
 * Refusals with status 503 that are no failures: any caller can bring them about, by asking for a
 * position that is not projected yet, or for a parked account. No alert counts them. Others tell
 * whether the read model lags and what is parked.
 */
export const HARMLESS_PROBLEMS = [
  'projection-lagging',
  'account-parked',
] as const satisfies readonly ErrorCode[];

const CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(HARMLESS_PROBLEMS);

/** Whether an answer states a problem that is no failure, although its status is 503. */
export function isHarmless(code: ErrorCode | null): boolean {
  return code !== null && CODES.has(code);
}
