import { type ImportRow, MAX_BODY_BYTES, RegisterCommand, type UserId } from '@zameni/contracts';
import {
  AppError,
  createBackoff,
  createValidator,
  DEADLINES,
  delay,
  type Line,
  parseJsonBody,
} from '@zameni/runtime';
import { type RegisterDeps, register } from '../commands/register.ts';
import { parseRegistration, type RegistrationRequest } from '../commands/registration-request.ts';
import { createDeadline } from '../commit/deadline.ts';
import { publish, type UntracedCause } from '../commit/publish.ts';
import type { LogRoom } from '../log/room.ts';

/** Data that all rows of one import share. */
export type ImportContext = {
  readonly cause: Omit<UntracedCause, 'time'>;
  /** Returns the registration's id of a line, the same on every upload. */
  readonly idOf: (line: number) => UserId;
  readonly mail?: 'none';
  /** Aborts when the process stops. Rows that have begun are finished; no other row begins. */
  readonly stopping: AbortSignal;
};

/** Outcome of a row, and the position that covers it. */
export type ImportedRow = { readonly row: ImportRow; readonly position?: number };

type FailureCode = Extract<ImportRow, { outcome: 'failed' }>['code'];

/** Maximum bytes of a row. */
export const MAX_ROW_BYTES = MAX_BODY_BYTES;

/** Milliseconds from the start of a row in which it is tried again after a failure. */
const RETRIES_MS = 8_000;
const RETRY_BACKOFF = { baseMs: 50, maxMs: 1_000 };

/** Consecutive failures of the log after which the rest of an import is not tried. */
const GIVE_UP_AFTER = 64;

/** Rows whose spans are in the trace of the import. Further ones begin traces: one has its limits. */
const MAX_TRACED_ROWS = 100;

const validate = createValidator(RegisterCommand);

/**
 * Creates the function that registers the rows of one import independently. It never rejects. A row
 * that fails because of overload, or because rivals win every try, is tried again for a while. If
 * the log only fails, the rest of the rows fail at once instead of delaying the answer for hours.
 */
export function createRowImporter(
  deps: RegisterDeps & { readonly room: LogRoom },
  context: ImportContext,
): (line: Line) => Promise<ImportedRow> {
  const { cause, idOf, mail, stopping } = context;
  let failuresInARow = 0;

  async function registerWithRetries(request: RegistrationRequest, line: number): Promise<number> {
    const backoff = createBackoff(RETRY_BACKOFF);
    const retriesEndAt = performance.now() + RETRIES_MS;
    const registerOnce = () => {
      deps.room.assert('vouched');
      const row = {
        userId: idOf(line),
        isRetryable: true,
        deadline: createDeadline(DEADLINES.intent),
        ...(mail === undefined ? {} : { mail }),
      };
      return publish(
        { ...cause, time: new Date().toISOString() },
        (traced) => register(deps, request, { ...traced, ...row }),
        line > MAX_TRACED_ROWS ? null : undefined,
      );
    };
    for (;;) {
      try {
        const position = await registerOnce();
        failuresInARow = 0;
        return position;
      } catch (thrown) {
        if (toRefusalCode(thrown) !== undefined) throw thrown;
        const code = toFailureCode(thrown);
        if (code === 'log-unavailable') failuresInARow += 1;
        const isFinal = code === 'internal' || code === 'log-full';
        const isGivenUp = isFinal || failuresInARow >= GIVE_UP_AFTER;
        if (isGivenUp || performance.now() >= retriesEndAt || stopping.aborted) throw thrown;
        await delay(backoff.nextMs(), stopping).catch(() => {
          throw thrown;
        });
      }
    }
  }

  return async ({ number: line, content }) => {
    const failed = (code: FailureCode) => ({ row: { line, outcome: 'failed', code } }) as const;
    if (stopping.aborted) return failed('service-unavailable');
    if (failuresInARow >= GIVE_UP_AFTER) return failed('log-unavailable');
    const request = parseRow(content);
    if (request instanceof AppError) return { row: toInvalid(line, request) };
    try {
      const position = await registerWithRetries(request, line);
      return { row: { line, outcome: 'registered', userId: idOf(line) }, position };
    } catch (thrown) {
      const code = toRefusalCode(thrown);
      if (code !== undefined) return { row: { line, outcome: 'refused', code } };
      return failed(toFailureCode(thrown));
    }
  };
}

function parseRow(content: Buffer | undefined): RegistrationRequest | AppError {
  try {
    if (content === undefined) return new AppError('payload-too-large');
    const body = parseJsonBody(content);
    const errors = validate(body);
    if (errors !== undefined) return new AppError('invalid-request', { errors });
    // The schema has just been checked.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return parseRegistration(body as RegisterCommand);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
}

function toInvalid(line: number, { code, errors }: AppError): ImportRow {
  const outcome = 'invalid';
  if (code === 'malformed-json' || code === 'payload-too-large') return { line, outcome, code };
  return { line, outcome, code: 'invalid-request', errors: [...(errors ?? [])] };
}

const REFUSALS = ['address-taken', 'idempotency-key-reused', 'user-erased'] as const;
const PASSING = ['overloaded', 'log-unavailable', 'log-full'] as const;

function toRefusalCode(thrown: unknown): (typeof REFUSALS)[number] | undefined {
  return REFUSALS.find((code) => thrown instanceof AppError && thrown.code === code);
}

function toFailureCode(thrown: unknown): FailureCode {
  return PASSING.find((code) => thrown instanceof AppError && thrown.code === code) ?? 'internal';
}
