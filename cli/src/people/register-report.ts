import { type Static, Type } from 'typebox';

/** A line that made no new person, and why; it never holds what the line says. */
export const LineReport = Type.Object(
  {
    line: Type.Integer({ minimum: 1 }),
    result: Type.Enum(['duplicate', 'erased', 'invalid', 'failed']),
    code: Type.String({ description: 'Code of the problem (docs/errors.md), or of zameni itself' }),
    status: Type.Union([Type.Integer(), Type.Null()], {
      description: 'HTTP status; null when nothing was sent or nothing came back',
    }),
    errors: Type.Array(Type.Object({ pointer: Type.String(), code: Type.String() })),
  },
  { additionalProperties: false, title: 'LineReport' },
);
export type LineReport = Static<typeof LineReport>;

/** What `zameni register --json` prints. */
export const RegisterReport = Type.Object(
  {
    url: Type.String(),
    read: Type.Integer({ description: 'Lines read, blank ones not counted' }),
    registered: Type.Integer({ description: 'Accounts, of this run or of one before' }),
    accepted: Type.Integer({
      description: 'Attempts of the public, who wait for proof of their mailboxes',
    }),
    duplicate: Type.Integer({ description: 'Another account has the address' }),
    erased: Type.Integer({ description: 'Registered before and erased since' }),
    invalid: Type.Integer(),
    failed: Type.Integer(),
    unfinished: Type.Integer({ description: 'Lines read and given up when it was stopped' }),
    stopped: Type.Union([Type.String(), Type.Null()], {
      description: 'Why it ended before the input did; null when it read everything',
    }),
    seconds: Type.Number(),
    lines: Type.Array(LineReport, { description: 'In order; the first 10,000' }),
    linesLeftOut: Type.Integer({ description: 'Lines that would be in `lines` besides' }),
  },
  { additionalProperties: false, title: 'RegisterReport' },
);
export type RegisterReport = Static<typeof RegisterReport>;

/** How one line ended. */
export type LineResult =
  | { readonly result: 'registered' | 'accepted' | 'unfinished' }
  | Omit<LineReport, 'line'>
  /** No other line would fare better: the caller or the address is wrong. */
  | { readonly result: 'hopeless'; readonly code: string; readonly status: number };

/** Most lines kept for the report: a bound of memory for files of any size. */
const MAX_LINES = 10_000;

/** Counts results as they come, in any order. */
export type Tally = {
  readonly add: (line: number, result: LineResult) => void;
  readonly progress: () => { readonly settled: number; readonly failed: number };
  readonly report: (end: Pick<RegisterReport, 'url' | 'stopped' | 'seconds'>) => RegisterReport;
};

/** A tally of no lines. */
export function createTally(): Tally {
  const counts = {
    registered: 0,
    accepted: 0,
    duplicate: 0,
    erased: 0,
    invalid: 0,
    failed: 0,
    unfinished: 0,
  };
  const lines: LineReport[] = [];
  let told = 0;
  const read = () => Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    progress: () => ({
      settled: read() - counts.unfinished,
      failed: counts.invalid + counts.failed,
    }),
    add: (line, result) => {
      if (!('code' in result)) {
        counts[result.result] += 1;
        return;
      }
      const ended = result.result === 'hopeless' ? toFailed(result) : result;
      counts[ended.result] += 1;
      told += 1;
      if (lines.length < MAX_LINES) lines.push({ line, ...ended });
    },
    report: ({ url, stopped, seconds }) => ({
      url,
      read: read(),
      ...counts,
      stopped,
      seconds: Math.round(seconds * 1_000) / 1_000,
      lines: lines.toSorted((a, b) => a.line - b.line),
      linesLeftOut: told - lines.length,
    }),
  };
}

function toFailed({ code, status }: { readonly code: string; readonly status: number }) {
  return { result: 'failed' as const, code, status, errors: [] };
}
