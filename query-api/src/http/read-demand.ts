import { AppError, parsePreferWait, type Positions } from '@zameni/runtime';

/** How fresh an answer a request asks for, and how long it is ready to wait for it. */
export type ReadDemand = {
  readonly minPosition: number | undefined;
  readonly waitSeconds: number;
  /** What to say in `Preference-Applied`; undefined when no preference was applied. */
  readonly applied: string | undefined;
};

/** Reads `Min-Position` and `Prefer`; throws `malformed-header` for a position that is not ours. */
export function parseReadDemand(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  positions: Pick<Positions, 'open'>,
): ReadDemand {
  const token = toText(headers['min-position']);
  if (token === undefined) return { minPosition: undefined, waitSeconds: 0, applied: undefined };
  const minPosition = positions.open(token);
  if (minPosition === undefined) {
    const detail = 'Min-Position must be a Position that this service or a command gave';
    throw new AppError('malformed-header', { detail });
  }
  const wait = parsePreferWait(toText(headers['prefer']));
  return {
    minPosition,
    waitSeconds: wait ?? 0,
    applied: wait === undefined ? undefined : `wait=${wait}`,
  };
}

function toText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}
