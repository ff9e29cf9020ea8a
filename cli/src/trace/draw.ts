import type { Span } from '../../../deploy/telemetry/otlp/span.ts';
import { paint, type Screen, toPrintable } from '../framework/io.ts';
import { type Branch, rangeOf, toTree } from './tree.ts';

/** A trace, and the spans of other traces that link to it. */
export type Trace = {
  readonly traceId: string;
  readonly spans: readonly Span[];
  readonly linking: readonly Span[];
};

/** What all lines of a drawing share. */
type Frame = {
  readonly screen: Screen;
  readonly traceId: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly barWidth: number;
  /** Columns left of the tree. */
  readonly leftWidth: number;
  readonly treeWidth: number;
};

const TIME_WIDTH = 9;
const GAP = '  ';
/** Columns of a bar on screens of at least `columns`. */
const BAR_WIDTHS = [
  { columns: 110, bar: 20 },
  { columns: 0, bar: 8 },
] as const;
/** Columns of the tree on the narrowest screens. */
const LEAST_TREE_WIDTH = 24;
/** Links shown of one span. A batch has one for each of its records. */
const SHOWN_LINKS = 5;
/** Spans shown that link to the trace. */
const SHOWN_OTHERS = 20;

/** Draws a trace as a tree. No line is wider than the screen. */
export function drawTrace({ traceId, spans, linking }: Trace, screen: Screen): string {
  const columns = screen.columns();
  const barWidth = BAR_WIDTHS.find((width) => columns >= width.columns)?.bar ?? 0;
  const leftWidth = 2 * (TIME_WIDTH + GAP.length) + barWidth + GAP.length;
  const treeWidth = Math.max(LEAST_TREE_WIDTH, columns - leftWidth);
  const frame = { screen, traceId, barWidth, leftWidth, treeWidth, ...rangeOf(spans) };
  const { branches, leftOut } = toTree(spans);
  return `${[
    ...headOf(spans, frame).map((line) => clip(line, columns)),
    '',
    ...branches.flatMap((branch) => linesOf(branch, frame)),
    ...(leftOut === 0 ? [] : [clip(`${leftOut} more spans are too deep or too many`, columns)]),
    ...othersOf(linking).map((line) => clip(line, columns)),
  ].join('\n')}\n`;
}

function headOf(spans: readonly Span[], { traceId, startNs, endNs }: Frame): string[] {
  const services = [...new Set(spans.map(({ service }) => service))].toSorted();
  const began = new Date(Number(startNs / 1_000_000n)).toISOString();
  const count = `${spans.length} ${spans.length === 1 ? 'span' : 'spans'}`;
  return [
    `trace ${traceId}`,
    `began ${began}, took ${inMs(endNs - startNs)}, ${count}`,
    toPrintable(`in ${services.join(', ')}`),
  ];
}

/** The line of a span, and one for each of its links. */
function linesOf(branch: Branch, frame: Frame): string[] {
  const { span, isLast } = branch;
  const { screen, treeWidth: width } = frame;
  const own = isLast.at(-1);
  const indent = isLast
    .slice(0, -1)
    .map((last) => (last ? '   ' : '│  '))
    .join('');
  const fork = own === undefined ? '' : own ? '└─ ' : '├─ ';
  const below = own === undefined ? '' : `${indent}${own ? '   ' : '│  '}`;
  const name = clip(`${indent}${fork}${toPrintable(span.name)}`, width);
  const place = clip(`${GAP}${placeOf(branch)}`, width - name.length);
  const failure = clip(failureOf(span), width - name.length - place.length);
  const tree = `${name}${paint(screen, 'dim', place)}${failure === '' ? '' : paint(screen, 'red', failure)}`;
  const links = linksOf(span, frame.traceId).map((link) => {
    return `${' '.repeat(frame.leftWidth)}${paint(screen, 'dim', clip(`${below}${link}`, width))}`;
  });
  return [`${timesOf(span, frame)}${GAP}${tree}`, ...links];
}

/** Start, duration, and a bar over the share of the trace, at least one character long. */
function timesOf(span: Span, { screen, startNs, endNs, barWidth }: Frame): string {
  const start = BigInt(span.startNs) - startNs;
  const duration = BigInt(span.endNs) - BigInt(span.startNs);
  const scale = endNs > startNs ? barWidth / Number(endNs - startNs) : 0;
  const from = Math.min(barWidth - 1, Math.floor(Number(start) * scale));
  const length = Math.max(1, Math.min(barWidth - from, Math.round(Number(duration) * scale)));
  const bar = `${' '.repeat(from)}${'━'.repeat(length)}`.padEnd(barWidth);
  const times = [start, duration].map((time) => inMs(time).padStart(TIME_WIDTH));
  return [...times, paint(screen, span.status.code === 'error' ? 'red' : 'green', bar)].join(GAP);
}

function placeOf({ span, isOrphan }: Branch): string {
  const place = toPrintable(span.instance || span.service);
  return isOrphan ? `${place} (its parent is elsewhere)` : place;
}

function failureOf({ status }: Span): string {
  return status.code === 'error' ? `${GAP}✘ ${toPrintable(status.message) || 'failed'}` : '';
}

function linksOf({ links }: Span, traceId: string): string[] {
  const others = links.map((link) => link.traceId).filter((other) => other !== traceId);
  return firstOf(
    [...new Set(others)].map((other) => `↪ ${other}`),
    SHOWN_LINKS,
    '↪ ',
  );
}

function othersOf(linking: readonly Span[]): string[] {
  const lines = linking.map(({ traceId, name, service, instance }) => {
    return toPrintable(`${GAP}${traceId}${GAP}${name}${GAP}${instance || service}`);
  });
  const shown = firstOf([...new Set(lines)].toSorted(), SHOWN_OTHERS, GAP);
  return shown.length === 0 ? [] : ['', 'Other traces link to this one:', ...shown];
}

function firstOf(lines: readonly string[], count: number, prefix: string): string[] {
  const more = lines.length - count;
  return [...lines.slice(0, count), ...(more > 0 ? [`${prefix}and ${more} more`] : [])];
}

function inMs(nanoseconds: bigint): string {
  const ms = Number(nanoseconds) / 1e6;
  return ms < 1_000 ? `${ms.toFixed(2)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`.slice(0, width);
}
