import { TELEMETRY_WAYS, type TelemetryFigure } from './measurements/telemetry.ts';

/**
 * Formats the cost of telemetry as a Markdown table. Costs are CPU for each operation, compared
 * with another way in the same round; then the median of the rounds, and the range of their middle
 * half.
 */
export function toTelemetryTable(figures: readonly TelemetryFigure[]): string {
  const groups = Map.groupBy(figures, ({ work, way }) => `${work}\n${way}`);
  const rows = [...groups.values()].flatMap((rounds) => {
    const [first] = rounds;
    if (first === undefined) return [];
    const from = TELEMETRY_WAYS.find(({ way }) => way === first.way)?.from;
    const costs = rounds.map((figure) => {
      const other = figures.find(
        ({ work, way, round }) => work === figure.work && way === from && round === figure.round,
      );
      return other === undefined ? Number.NaN : (cpuOf(figure) / cpuOf(other) - 1) * 100;
    });
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(costs, share).toFixed(1));
    return [
      [
        first.work,
        first.way,
        median(rounds.map(({ load }) => load.requests / load.seconds)).toFixed(0),
        (median(rounds.map(cpuOf)) * 1e6).toFixed(1),
        from,
        `${middle} %`,
        `${low} to ${high} %`,
        median(rounds.map(({ load }) => load.p50Ms)).toFixed(1),
        median(rounds.map(({ load }) => load.p99Ms)).toFixed(1),
        rounds.reduce((sum, { load }) => sum + load.failed, 0),
      ],
    ];
  });
  const head = [
    'work',
    'telemetry',
    'requests/s',
    'CPU µs each',
    'compared with',
    'cost',
    'middle half',
    'p50 ms',
    'p99 ms',
    'failed',
  ];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** CPU seconds of one operation. */
function cpuOf({ cpuSeconds, load }: TelemetryFigure): number {
  return cpuSeconds / Math.max(1, load.requests);
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
}
