import { ERROR_CODES, type ErrorCode, type FieldError, type Scope } from '@zameni/contracts';

/** What an AppError can carry beyond its code; nothing of it may hold personal data. */
export type AppErrorOptions = {
  readonly cause?: unknown;
  /** A sentence for the client. */
  readonly detail?: string;
  /** Places of the request that break a rule. */
  readonly errors?: readonly FieldError[];
  /** Seconds after which a retry makes sense (`Retry-After`). */
  readonly retryAfterSeconds?: number;
  /** The scope that the token lacks, for `forbidden`. */
  readonly missingScope?: Scope;
};

/** A failure with a code of the catalogue; the HTTP status is chosen where it is rendered. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly missingScope: Scope | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(ERROR_CODES[code], options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.missingScope = options.missingScope;
    this.detail =
      options.detail ??
      (options.missingScope && `The token lacks the scope ${options.missingScope}`);
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/**
 * What must not happen, or came too late. Its text is written to the log, so it is one of ours and
 * quotes no record, row, request or other data.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
}

/** Makes an Error of whatever was thrown, keeping an Error as it is. */
export function coerceError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
