import { ERROR_CODES, PROBLEM_STATUS, PROBLEM_TYPE_BASE, type Problem } from '@zameni/contracts';
import type { AppError } from '../errors.ts';

/** The problem document of an error. */
export function toProblem(error: AppError, traceId: string): Problem {
  return {
    type: `${PROBLEM_TYPE_BASE}${error.code}`,
    title: ERROR_CODES[error.code],
    status: PROBLEM_STATUS[error.code],
    code: error.code,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    traceId,
    ...(error.errors === undefined ? {} : { errors: [...error.errors] }),
  };
}
