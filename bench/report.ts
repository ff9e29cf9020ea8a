import { cpus, totalmem } from 'node:os';
import type { RegistrationPath } from './load/registration-path.ts';
import type { AppendFigure } from './measurements/append.ts';
import type { CostFigure } from './measurements/cost.ts';
import type { LagFigure } from './measurements/lag.ts';
import type { OverloadFigure } from './measurements/overload.ts';
import { type ProjectionFigure, REBUILD } from './measurements/projection.ts';
import type { StormFigure } from './measurements/storms.ts';

/** Describes the machine and the day of a measurement, for bench/results.md. */
export function describeMachine(): string {
  const [first] = cpus();
  const gib = Math.round(totalmem() / 1024 ** 3);
  const day = new Date().toISOString().slice(0, 10);
  const cores = `${cpus().length} cores (${first?.model.trim() ?? 'unknown'})`;
  return `${day}, ${cores}, ${gib} GiB, Node ${process.version}`;
}

/** Formats the median round of each target as a Markdown table, with ratios to the baselines. */
export function toAppendTable(figures: readonly AppendFigure[]): string {
  const medians = medianRounds(figures);
  const rateOf = (target: string, connections: number) => {
    const found = medians.find((f) => f.target === target && f.connections === connections);
    return found === undefined ? Number.NaN : found.requests / found.seconds;
  };
  const rows = medians.map((figure) => {
    const rate = figure.requests / figure.seconds;
    const ratio = (baseline: string) => (rate / rateOf(baseline, figure.connections)).toFixed(2);
    return [
      figure.target,
      figure.connections,
      rate.toFixed(0),
      ratio('plain INSERT'),
      ratio('INSERT with synchronous standby'),
      figure.p50Ms.toFixed(1),
      figure.p99Ms.toFixed(1),
      figure.failed,
      describeCpu(figure.cpuMs),
    ];
  });
  const head = [
    'target',
    'connections',
    'registrations/s',
    '× plain INSERT',
    '× INSERT with standby',
    'p50 ms',
    'p99 ms',
    'failed',
    'CPU ms per registration',
  ];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Formats the lag on each path, at shares of its capacity, as a Markdown table. */
export function toLagTable(
  capacities: Readonly<Partial<Record<RegistrationPath, number>>>,
  figures: readonly LagFigure[],
): string {
  const rows = figures.map((figure) => [
    figure.path,
    `${Math.round((figure.rate / (capacities[figure.path] ?? Number.NaN)) * 100)} %`,
    figure.rate.toFixed(0),
    ...[figure.accept, figure.acceptToReadable].flatMap(({ p50, p99, max }) =>
      [p50, p99, max].map((ms) => ms.toFixed(1)),
    ),
    figure.failed,
    describeCpu(figure.cpuMs),
  ]);
  const head = [
    'path',
    'of capacity',
    'registrations/s',
    'accept p50 ms',
    'p99',
    'max',
    'accept to readable p50 ms',
    'p99',
    'max',
    'failed',
    'CPU ms per registration',
  ];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Formats the cost of each part of a registration as a Markdown table. */
export function toCostTable(figures: readonly CostFigure[]): string {
  const rows = figures.map(({ part, cpuMs }) => [part, describeCpu(cpuMs, 4)]);
  const head = ['part', 'CPU ms each'];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Formats the answers to crowds of clients, with latencies, as a Markdown table. */
export function toOverloadTable(figures: readonly OverloadFigure[]): string {
  const rows = figures.map((figure) => [
    figure.connections,
    ...[figure.accepted, figure.shed].map((rate) => rate.toFixed(0)),
    ...[figure.acceptedMs, figure.shedMs].flatMap(({ p50, p99 }) =>
      [p50, p99].map((ms) => ms.toFixed(0)),
    ),
    figure.faults,
    figure.recoveryMs.toFixed(0),
  ]);
  const head = [
    'clients',
    'accepted/s',
    'shed/s',
    'accepted p50 ms',
    'p99',
    'shed p50 ms',
    'p99',
    'other answers',
    'recovery ms',
  ];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Formats the median round of each storm as a Markdown table. */
export function toStormTable(figures: readonly StormFigure[]): string {
  const rateOf = ({ others }: StormFigure) => others.requests / others.seconds;
  const groups = Map.groupBy(figures, ({ path, storm }) => `${path} ${storm}`);
  const medians = [...groups.values()].flatMap((rounds) => {
    const sorted = rounds.toSorted((a, b) => rateOf(a) - rateOf(b));
    return sorted[Math.floor((sorted.length - 1) / 2)] ?? [];
  });
  const rows = medians.map((figure) => {
    const { storm, path, others, stormy, cpuMs } = figure;
    const calm = medians.find((f) => f.path === path && f.storm === 'fresh addresses');
    return [
      path,
      storm,
      rateOf(figure).toFixed(0),
      (rateOf(figure) / (calm === undefined ? Number.NaN : rateOf(calm))).toFixed(2),
      others.p50Ms.toFixed(1),
      others.p99Ms.toFixed(1),
      (stormy.requests / others.seconds).toFixed(0),
      `${((stormy.taken / Math.max(1, stormy.requests)) * 100).toFixed(0)} %`,
      others.failed + stormy.failed,
      describeCpu(cpuMs),
    ];
  });
  const head = [
    'path',
    'beside them',
    'others/s',
    '× beside fresh ones',
    'p50 ms',
    'p99 ms',
    'storm/s',
    'of it 409',
    'failed',
    'CPU ms per registration of both',
  ];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/**
 * Formats the median round of a rebuild and of each COPY as a Markdown table. The ratio is the
 * rebuild's rate by that of the row.
 */
export function toProjectionTable(figures: readonly ProjectionFigure[]): string {
  const rateOf = ({ registrations, seconds }: ProjectionFigure) => registrations / seconds;
  const groups = Map.groupBy(figures, ({ way }) => way);
  const medians = [...groups.values()].flatMap((rounds) => {
    const sorted = rounds.toSorted((a, b) => rateOf(a) - rateOf(b));
    return sorted[Math.floor((sorted.length - 1) / 2)] ?? [];
  });
  const rebuilt = medians.find(({ way }) => way === REBUILD);
  const rows = medians.map((figure) => {
    const { way, registrations, records, seconds, cpuMs, memory } = figure;
    const share = rebuilt === undefined ? Number.NaN : rateOf(rebuilt) / rateOf(figure);
    return [
      way,
      registrations,
      seconds.toFixed(1),
      rateOf(figure).toFixed(0),
      records === undefined ? '' : (records / seconds).toFixed(0),
      share.toFixed(2),
      memory === undefined
        ? ''
        : [memory.early, memory.late, memory.most].map((mib) => mib.toFixed(0)).join(', '),
      describeCpu(cpuMs, 3),
    ];
  });
  const head = [
    'way',
    'registrations',
    'seconds',
    'registrations/s',
    'records/s',
    'rebuild × this',
    'projector MiB: 2nd quarter, last, most',
    'CPU ms per registration',
  ];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Picks the round with the median rate for each target and number of connections. */
function medianRounds(figures: readonly AppendFigure[]): AppendFigure[] {
  const groups = Map.groupBy(figures, ({ target, connections }) => `${target} ${connections}`);
  return [...groups.values()].flatMap((rounds) => {
    const sorted = rounds.toSorted((a, b) => a.requests / a.seconds - b.requests / b.seconds);
    return sorted[Math.floor((sorted.length - 1) / 2)] ?? [];
  });
}

/** Sums CPU by kind of process, highest first. Figures that round to zero are left out. */
export function describeCpu(cpuMs: Readonly<Record<string, number>>, digits = 2): string {
  const byKind = new Map<string, number>();
  for (const [name, ms] of Object.entries(cpuMs)) {
    const kind = name.replace(/-\d+$/, '');
    byKind.set(kind, (byKind.get(kind) ?? 0) + ms);
  }
  const total = [...byKind.values()].reduce((sum, ms) => sum + ms, 0);
  const parts = [...byKind]
    .filter(([, ms]) => ms >= 0.5 * 10 ** -digits)
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, ms]) => `${kind} ${ms.toFixed(digits)}`);
  return `**${total.toFixed(digits)}**: ${parts.join(', ')}`;
}
