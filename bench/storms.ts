import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '@zameni/runtime/stack';
import { withSuperuser } from './baselines.ts';
import { readCpu } from './cpu.ts';
import { sendPairs, type Storm } from './storm-load.ts';
import { type LoadResult, runLoad } from './wrk.ts';

/** What became of the others beside a storm, and of the storm; CPU milliseconds an operation of both. */
export type StormFigure = {
  readonly storm: Storm;
  readonly others: LoadResult;
  readonly stormy: { readonly requests: number; readonly failed: number };
  /** Registrations that met another one of their address, and so wait for proof. */
  readonly met: number;
  readonly cpuMs: Readonly<Record<string, number>>;
};

/** How long and how often each storm is measured; rounds alternate. */
export type StormOptions = {
  readonly stack: Stack;
  /** Requests of the others under way, and as many of the storm. */
  readonly connections: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly onFigure: (figure: StormFigure) => void;
};

const WARM_UP_SECONDS = 2;

/** Milliseconds without a new row after which the projection has come to the end. */
const SETTLED_MS = 500;

const STORMS: readonly Storm[] = ['fresh addresses', 'duplicates', 'racing pairs'];

/**
 * Registrations a second of people nobody else asks for, while a storm keeps as many requests under
 * way. Both come in by every process of the command API, so that rivals meet in the log and not in one
 * process.
 */
export async function measureStorms(options: StormOptions): Promise<StormFigure[]> {
  const { stack, seconds, rounds, onFigure } = options;
  const figures: StormFigure[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const storm of STORMS) {
      const prefix = `${storm.replaceAll(' ', '-')}-${round}`;
      await runBoth(options, { storm, prefix: `w.${prefix}`, seconds: WARM_UP_SECONDS });
      const metBefore = await countMet(stack);
      const before = readCpu(stack.pids);
      const { others, stormy } = await runBoth(options, { storm, prefix, seconds });
      const after = readCpu(stack.pids);
      const met = (await countMet(stack)) - metBefore;
      const operations = Math.max(1, others.requests + stormy.requests);
      const cpuMs = Object.fromEntries(
        Object.keys(after).map((name) => [
          name,
          (((after[name] ?? 0) - (before[name] ?? 0)) * 1_000) / operations,
        ]),
      );
      const figure = { storm, others, stormy, met, cpuMs };
      figures.push(figure);
      onFigure(figure);
    }
  }
  return figures;
}

type Both = { readonly storm: Storm; readonly prefix: string; readonly seconds: number };

async function runBoth({ stack, connections }: StormOptions, { storm, prefix, seconds }: Both) {
  const urls = stack.services
    .filter(({ service }) => service === 'command-api')
    .map(({ url }) => url);
  const stopping = new AbortController();
  const options = { storm, urls, pairs: Math.ceil(connections / 2), prefix: `storm-${prefix}` };
  const stormy = sendPairs(options, stopping.signal);
  const each = Math.max(1, Math.round(connections / urls.length));
  const others = await Promise.all(
    urls.map((url, n) => {
      return runLoad({ url, connections: each, seconds, prefix: `other-${n}-${prefix}` });
    }),
  ).finally(() => stopping.abort());
  return { others: sum(others), stormy: await stormy };
}

/** How many registrations wait for proof, once the projection does not grow any more. */
async function countMet(stack: Stack): Promise<number> {
  let met = -1;
  const count = async (client: Parameters<Parameters<typeof withSuperuser>[2]>[0]) => {
    for (let before = -2; met !== before; await sleep(SETTLED_MS)) {
      before = met;
      const { rows } = await client.query<{ met: number }>(
        `select count(*)::int as met from accounts_v1.registrations where result <> 'registered'`,
      );
      met = rows[0]?.met ?? 0;
    }
  };
  await withSuperuser(stack, 'primary', count, stack.postgres.database);
  return met;
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
