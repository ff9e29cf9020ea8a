import { withDeadline } from '@zameni/runtime/retry';
import { type Static, Type } from 'typebox';

/** One check: the finding and, for a fault, the remedy. */
export const Check = Type.Object(
  {
    area: Type.Enum(['machine', 'stack', 'log', 'database', 'cache', 'service', 'telemetry']),
    name: Type.String(),
    level: Type.Enum(['ok', 'warn', 'fail']),
    found: Type.String(),
    remedy: Type.Union([Type.String(), Type.Null()], {
      description: 'What to do, most often a command; null when all is well',
    }),
  },
  { additionalProperties: false, title: 'Check' },
);
export type Check = Static<typeof Check>;

/** Output of `zameni doctor --json`. */
export const DoctorReport = Type.Object(
  {
    profile: Type.String(),
    isHealthy: Type.Boolean({ description: 'No check failed' }),
    isStackRunning: Type.Boolean({ description: 'Without a stack its parts are not checked' }),
    checks: Type.Array(Check),
  },
  { additionalProperties: false, title: 'DoctorReport' },
);
export type DoctorReport = Static<typeof DoctorReport>;

/** The result of a look. A string means that all is well. */
export type Finding =
  | string
  | { readonly level: 'warn' | 'fail'; readonly found: string; readonly remedy: string };

/** A check to run. */
export type CheckOptions = {
  readonly area: Check['area'];
  readonly name: string;
  /** The remedy if the look itself fails. */
  readonly remedy: string;
  readonly look: () => Promise<Finding> | Finding;
};

/** Milliseconds per look. */
const LOOK_DEADLINE_MS = 8_000;

/** Runs one check. An error of the look is a failed check. */
export async function check({ area, name, remedy, look }: CheckOptions): Promise<Check> {
  try {
    const finding = await withDeadline(Promise.resolve(look()), LOOK_DEADLINE_MS, () => {
      return new Error(`no answer within ${LOOK_DEADLINE_MS / 1_000} s`);
    });
    return typeof finding === 'string'
      ? { area, name, level: 'ok', found: finding, remedy: null }
      : { area, name, ...finding };
  } catch (error) {
    return { area, name, level: 'fail', found: reasonOf(error), remedy };
  }
}

/** The first line of an error's message. A refused connection has it in nested errors only. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  if (error.message === 'fetch failed' && error.cause !== undefined) return reasonOf(error.cause);
  return error.message === '' ? error.name : (error.message.split('\n')[0] ?? '');
}
