import type { Span } from '../../../deploy/telemetry/otlp/span.ts';

/** A span at its place in a tree, in the order of drawing. */
export type Branch = {
  readonly span: Span;
  /** Of each ancestor and of itself, whether it is the last child. Empty for a root. */
  readonly isLast: readonly boolean[];
  /** True if its parent is not among the spans. */
  readonly isOrphan: boolean;
};

/** A trace as far as it is drawn. */
export type Tree = {
  readonly branches: readonly Branch[];
  /** Spans that are not drawn: they are too deep, or too many. */
  readonly leftOut: number;
};

/** What is drawn of a trace. Whoever forges one could else fill the memory and the screen. */
export type TreeBounds = { readonly maxDepth: number; readonly maxSpans: number };

const BOUNDS: TreeBounds = { maxDepth: 64, maxSpans: 2_000 };

/** A span that waits for its turn. It has no branch below the greatest depth. */
type Waiting = { readonly span: Span; readonly isLast: readonly boolean[] | null };

/**
 * Orders the spans of a trace as a tree: parents before their children, and siblings by start, the
 * longer first. Spans whose parents are missing become roots. The order depends on the spans only,
 * not on their arrival.
 */
export function toTree(spans: readonly Span[], { maxDepth, maxSpans } = BOUNDS): Tree {
  // A sender that repeats a request, or forged ids, must not draw a span twice.
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const all = [...byId.values()].toSorted(compare);
  const children = Map.groupBy(all, ({ parentSpanId }) =>
    parentSpanId !== null && byId.has(parentSpanId) ? parentSpanId : null,
  );
  const seen = new Set<string>();
  const branches: Branch[] = [];

  function draw(roots: readonly Span[]): void {
    const open = roots.map((span): Waiting => ({ span, isLast: [] })).toReversed();
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { span, isLast } = next;
      if (seen.has(span.spanId)) continue;
      seen.add(span.spanId);
      if (isLast !== null && branches.length < maxSpans) branches.push(toBranch(span, isLast));
      const own = children.get(span.spanId) ?? [];
      const isDrawn = isLast !== null && isLast.length < maxDepth;
      for (const [index, child] of [...own.entries()].toReversed()) {
        open.push({ span: child, isLast: isDrawn ? [...isLast, index === own.length - 1] : null });
      }
    }
  }

  function toBranch(span: Span, isLast: readonly boolean[]): Branch {
    return { span, isLast, isOrphan: isLast.length === 0 && span.parentSpanId !== null };
  }

  draw(children.get(null) ?? []);
  // Spans that are each other's ancestors have no root. The first of them becomes one.
  for (const span of all) draw(seen.has(span.spanId) ? [] : [span]);
  return { branches, leftOut: all.length - branches.length };
}

/** The first start and the last end of spans. */
export function rangeOf(spans: readonly Span[]): {
  readonly startNs: bigint;
  readonly endNs: bigint;
} {
  const starts = spans.map(({ startNs }) => BigInt(startNs));
  const ends = spans.map(({ endNs }) => BigInt(endNs));
  const pick = (values: readonly bigint[], isBetter: (a: bigint, b: bigint) => boolean) =>
    values.reduce((best, value) => (isBetter(value, best) ? value : best), values[0] ?? 0n);
  return { startNs: pick(starts, (a, b) => a < b), endNs: pick(ends, (a, b) => a > b) };
}

function compare(left: Span, right: Span): number {
  return (
    Number(BigInt(left.startNs) - BigInt(right.startNs)) ||
    Number(BigInt(right.endNs) - BigInt(left.endNs)) ||
    left.spanId.localeCompare(right.spanId, 'en')
  );
}
