import { withDeadline } from '@zameni/runtime';
import { type Static, Type } from 'typebox';

/** One thing that was looked at: what was found and, for a fault, what to do about it. */
export const Check = Type.Object(
  {
    area: Type.Enum(['machine', 'stack', 'log', 'database', 'cache', 'service']),
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

/** What `zameni doctor --json` prints. */
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

/** What a look at one thing ended with. */
export type Finding =
  | string
  | { readonly level: 'warn' | 'fail'; readonly found: string; readonly remedy: string };

/** One thing to look at. */
export type CheckOptions = {
  readonly area: Check['area'];
  readonly name: string;
  /** What to do when the look itself fails. */
  readonly remedy: string;
  /** A text says that all is well. */
  readonly look: () => Promise<Finding> | Finding;
};

/** Milliseconds one look may take. */
const LOOK_DEADLINE_MS = 8_000;

/** Looks at one thing; whatever the look throws is a fault of that thing. */
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

/** The first words of an error that has any; a refused connection hides them in its parts. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  if (error.message === 'fetch failed' && error.cause !== undefined) return reasonOf(error.cause);
  return error.message === '' ? error.name : (error.message.split('\n')[0] ?? '');
}
