import type { Stack } from '@zameni/runtime/stack';
import { readCpu } from './cpu.ts';
import { type Addresses, type LoadResult, runLoad } from './wrk.ts';

/** What runs beside the registrations that are measured. */
export type Storm = 'fresh addresses' | 'duplicates' | 'racing pairs';

/** What became of the others beside a storm, and of the storm; CPU milliseconds an operation of both. */
export type StormFigure = {
  readonly storm: Storm;
  readonly others: LoadResult;
  readonly stormy: LoadResult;
  readonly cpuMs: Readonly<Record<string, number>>;
};

/** How long and how often each storm is measured; rounds alternate. */
export type StormOptions = {
  readonly stack: Stack;
  /** Connections of the others, and as many of the storm. */
  readonly connections: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly onFigure: (figure: StormFigure) => void;
};

const WARM_UP_SECONDS = 2;

const STORMS: readonly { readonly storm: Storm; readonly addresses: Addresses }[] = [
  { storm: 'fresh addresses', addresses: 'fresh' },
  { storm: 'duplicates', addresses: 'again' },
  { storm: 'racing pairs', addresses: 'racing' },
];

/**
 * Registrations a second of people nobody else asks for, while as many connections send a storm. Both
 * come in by every process of the command API, so that rivals meet in the log, not in one process.
 */
export async function measureStorms(options: StormOptions): Promise<StormFigure[]> {
  const { seconds, rounds, onFigure } = options;
  const figures: StormFigure[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const { storm, addresses } of STORMS) {
      const prefix = `${addresses}-${round}`;
      await runBoth(options, { addresses, prefix: `w.${prefix}`, seconds: WARM_UP_SECONDS });
      const before = readCpu(options.stack.pids);
      const { others, stormy } = await runBoth(options, { addresses, prefix, seconds });
      const after = readCpu(options.stack.pids);
      const operations = Math.max(1, others.requests + stormy.requests);
      const cpuMs = Object.fromEntries(
        Object.keys(after).map((name) => [
          name,
          (((after[name] ?? 0) - (before[name] ?? 0)) * 1_000) / operations,
        ]),
      );
      const figure = { storm, others, stormy, cpuMs };
      figures.push(figure);
      onFigure(figure);
    }
  }
  return figures;
}

type Both = { readonly addresses: Addresses; readonly prefix: string; readonly seconds: number };

async function runBoth({ stack, connections }: StormOptions, { addresses, prefix, seconds }: Both) {
  const apis = stack.services.filter(({ service }) => service === 'command-api');
  const load = { connections: Math.max(1, Math.round(connections / apis.length)), seconds };
  const [others, stormy] = await Promise.all([
    Promise.all(
      apis.map(({ url }, n) => runLoad({ ...load, url, prefix: `other-${n}-${prefix}` })),
    ),
    Promise.all(
      apis.map(({ url }, n) => {
        // Rivals send the same addresses at the same time.
        const own = addresses === 'racing' ? prefix : `${n}-${prefix}`;
        return runLoad({ ...load, url, prefix: `storm-${own}`, addresses });
      }),
    ),
  ]);
  return { others: sum(others), stormy: sum(stormy) };
}

/** Several loads at once as one: of latencies the slowest counts. */
function sum(results: readonly LoadResult[]): LoadResult {
  const of = (name: keyof LoadResult) => results.map((result) => result[name]);
  const total = (name: keyof LoadResult) => of(name).reduce((all, one) => all + one, 0);
  return {
    requests: total('requests'),
    failed: total('failed'),
    seconds: Math.max(...of('seconds')),
    p50Ms: Math.max(...of('p50Ms')),
    p99Ms: Math.max(...of('p99Ms')),
  };
}
