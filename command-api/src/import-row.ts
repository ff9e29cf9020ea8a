import { type ImportRow, MAX_BODY_BYTES, RegisterCommand, type UserId } from '@zameni/contracts';
import {
  AppError,
  createBackoff,
  createValidator,
  delay,
  type Line,
  parseJsonBody,
  withAppendSpan,
} from '@zameni/runtime';
import type { Cause } from './event-messages.ts';
import { type RegisterDeps, register, type Registered } from './register.ts';
import { parseRegistration, type RegistrationRequest } from './registration-request.ts';

/** What the rows of one import have in common. */
export type ImportContext = {
  readonly cause: Omit<Cause, 'time'>;
  /** The registration that a line of this import is, whenever it is sent. */
  readonly idOf: (line: number) => UserId;
  readonly mail?: 'none';
  /** Aborts when the process stops: what has begun is finished, nothing else begins. */
  readonly stopping: AbortSignal;
};

/** What became of a row, and the position that covers it. */
export type ImportedRow = { readonly row: ImportRow; readonly position?: number };

type FailureCode = Extract<ImportRow, { outcome: 'failed' }>['code'];

/** Most bytes of a row. */
export const MAX_ROW_BYTES = MAX_BODY_BYTES;

/** Milliseconds from its beginning in which a row that failed is tried again. */
const RETRIES_MS = 8_000;
const RETRY_BACKOFF = { baseMs: 50, maxMs: 1_000 };

/** Tries that the log must fail one after the other before the rest of an import is not even tried. */
const HOPELESS_AFTER = 64;

const validate = createValidator(RegisterCommand);

/**
 * Makes what registers the rows of one import, each on its own; it never rejects. A row that meets
 * too much load, or rivals at every attempt, is tried again for a while. When the log gives nothing
 * but failures, the rest of the rows fail at once instead of holding up the answer for hours.
 */
export function createRowImporter(
  deps: RegisterDeps,
  context: ImportContext,
): (line: Line) => Promise<ImportedRow> {
  const { cause, idOf, mail, stopping } = context;
  let failuresInARow = 0;

  async function registerPatiently(
    request: RegistrationRequest,
    line: number,
  ): Promise<Registered> {
    const backoff = createBackoff(RETRY_BACKOFF);
    const retriesEndAt = performance.now() + RETRIES_MS;
    const registerOnce = () =>
      register(deps, request, {
        ...cause,
        time: new Date().toISOString(),
        registrationId: idOf(line),
        isRetryable: true,
        isTold: true,
        ...(mail === undefined ? {} : { mail }),
      });
    for (;;) {
      try {
        const registered = await withAppendSpan('append registration', registerOnce);
        failuresInARow = 0;
        return registered;
      } catch (thrown) {
        const code = toFailureCode(thrown);
        if (code === 'log-unavailable') failuresInARow += 1;
        const isHopeless = code === 'internal' || failuresInARow >= HOPELESS_AFTER;
        if (isHopeless || performance.now() >= retriesEndAt || stopping.aborted) throw thrown;
        await delay(backoff.nextMs(), stopping).catch(() => {
          throw thrown;
        });
      }
    }
  }

  return async ({ number: line, content }) => {
    const failed = (code: FailureCode) => ({ row: { line, outcome: 'failed', code } }) as const;
    if (stopping.aborted) return failed('service-unavailable');
    if (failuresInARow >= HOPELESS_AFTER) return failed('log-unavailable');
    const request = parseRow(content);
    if (request instanceof AppError) return { row: toInvalid(line, request) };
    try {
      const { outcome, position } = await registerPatiently(request, line);
      return { row: toRow(line, outcome, idOf(line)), position };
    } catch (thrown) {
      const code = thrown instanceof AppError ? thrown.code : undefined;
      if (code === 'idempotency-key-reused') return { row: { line, outcome: 'refused', code } };
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
    return parseRegistration(body as RegisterCommand);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
}

function toRow(line: number, outcome: Registered['outcome'], id: UserId): ImportRow {
  switch (outcome) {
    case 'registered':
      return { line, outcome, userId: id };
    case 'pending':
      return { line, outcome, registrationId: id };
    case 'refused':
      return { line, outcome, code: 'address-taken' };
    default:
      return outcome satisfies never;
  }
}

function toInvalid(line: number, { code, errors }: AppError): ImportRow {
  const outcome = 'invalid';
  if (code === 'malformed-json' || code === 'payload-too-large') return { line, outcome, code };
  return { line, outcome, code: 'invalid-request', errors: [...(errors ?? [])] };
}

function toFailureCode(thrown: unknown): FailureCode {
  const code = thrown instanceof AppError ? thrown.code : undefined;
  return code === 'overloaded' || code === 'log-unavailable' ? code : 'internal';
}
