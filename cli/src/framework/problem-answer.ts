import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** The fields of a problem document that the CLI uses. A later API version may add others. */
const ProblemAnswer = Type.Object({
  code: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' }),
  title: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String({ maxLength: 512 })),
  traceId: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
  errors: Type.Optional(
    Type.Array(
      Type.Object({
        pointer: Type.String({ maxLength: 512 }),
        code: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' }),
      }),
      { maxItems: 100 },
    ),
  ),
});
const check = Compile(ProblemAnswer);

/** The parts of a problem document that the CLI shows. */
export type ProblemSummary = {
  readonly code: string;
  readonly title: string | undefined;
  readonly detail: string | undefined;
  readonly traceId: string | undefined;
  readonly errors: { pointer: string; code: string }[];
};

/** Parses an error answer. An answer that is no problem document gets the CLI's own code. */
export function readProblem(text: string): ProblemSummary {
  const value = parse(text);
  if (!check.Check(value)) {
    const nothing = { title: undefined, detail: undefined, traceId: undefined };
    return { code: 'unexpected-answer', ...nothing, errors: [] };
  }
  const { code, title, detail, traceId, errors = [] } = value;
  // Copied field by field, because other fields of an error must not get into the report.
  const faults = errors.map(({ pointer, code }) => ({ pointer, code }));
  return { code, title, detail, traceId, errors: faults };
}

/** Parses `Retry-After` (seconds or a date) to milliseconds. Returns 0 if it is missing. */
export function retryAfterMs(headers: Headers): number {
  const text = headers.get('retry-after')?.trim();
  if (!text) return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Probably a page of another server. The status is reported without it.
    return undefined;
  }
}
