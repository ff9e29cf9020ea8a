import { type Static, Type } from 'typebox';

/** A line that registered nobody, and the reason. It never contains the line's content. */
export const LineReport = Type.Object(
  {
    line: Type.Integer({ minimum: 1 }),
    result: Type.Enum(['duplicate', 'erased', 'invalid', 'failed']),
    code: Type.String({ description: "Code of the problem (docs/errors.md), or the CLI's own" }),
    status: Type.Union([Type.Integer(), Type.Null()], {
      description: 'HTTP status; null if nothing was sent or nothing was answered',
    }),
    errors: Type.Array(Type.Object({ pointer: Type.String(), code: Type.String() })),
  },
  { additionalProperties: false, title: 'LineReport' },
);
export type LineReport = Static<typeof LineReport>;

/** Output of `zameni register --json`. */
export const RegisterReport = Type.Object(
  {
    url: Type.String(),
    read: Type.Integer({ description: 'Lines read, without blank ones' }),
    registered: Type.Integer({ description: 'Accounts, made by this run or an earlier one' }),
    accepted: Type.Integer({
      description: 'Attempts of the public, which await proof of their mailboxes',
    }),
    duplicate: Type.Integer({ description: 'Another account has the address' }),
    erased: Type.Integer({ description: 'Registered before and erased since' }),
    invalid: Type.Integer(),
    failed: Type.Integer(),
    unfinished: Type.Integer({ description: 'Lines read but given up because of a stop' }),
    stopped: Type.Union([Type.String(), Type.Null()], {
      description: 'Why it ended before the input; null if it read everything',
    }),
    seconds: Type.Number(),
    lines: Type.Array(LineReport, { description: 'In order; the first 10,000' }),
    linesLeftOut: Type.Integer({ description: 'Further lines that `lines` leaves out' }),
  },
  { additionalProperties: false, title: 'RegisterReport' },
);
export type RegisterReport = Static<typeof RegisterReport>;

/** The result of one line. */
export type LineResult =
  | { readonly result: 'registered' | 'accepted' | 'unfinished' }
  | Omit<LineReport, 'line'>
  /** Every other line would fail too, because the caller or the URL is wrong. */
  | { readonly result: 'hopeless'; readonly code: string; readonly status: number };

/** Maximum number of lines in the report. It bounds memory for files of any size. */
const MAX_LINES = 10_000;

/** Counts results in any order. */
export type Tally = {
  readonly add: (line: number, result: LineResult) => void;
  readonly progress: () => { readonly done: number; readonly failed: number };
  readonly report: (end: Pick<RegisterReport, 'url' | 'stopped' | 'seconds'>) => RegisterReport;
};

/** Creates an empty tally. */
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
  let reported = 0;
  const read = () => Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    progress: () => ({
      done: read() - counts.unfinished,
      failed: counts.invalid + counts.failed,
    }),
    add: (line, result) => {
      if (!('code' in result)) {
        counts[result.result] += 1;
        return;
      }
      const ended = result.result === 'hopeless' ? toFailed(result) : result;
      counts[ended.result] += 1;
      reported += 1;
      if (lines.length < MAX_LINES) lines.push({ line, ...ended });
    },
    report: ({ url, stopped, seconds }) => ({
      url,
      read: read(),
      ...counts,
      stopped,
      seconds: Math.round(seconds * 1_000) / 1_000,
      lines: lines.toSorted((a, b) => a.line - b.line),
      linesLeftOut: reported - lines.length,
    }),
  };
}

function toFailed({ code, status }: { readonly code: string; readonly status: number }) {
  return { result: 'failed' as const, code, status, errors: [] };
}
