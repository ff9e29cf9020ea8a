import type { Stack } from '@zameni/runtime/stack';
import { cpuMsEach, readCpu } from '../load/cpu.ts';
import { credentialsOf, type RegistrationPath } from '../load/registration-path.ts';
import { sendStorm, type Storm, type StormResult } from './storm-load.ts';
import { untilReadable } from '../load/until-readable.ts';
import { type LoadResult, runLoad } from '../load/wrk.ts';

/** Results of a storm and of the other registrations; CPU milliseconds per operation of both. */
export type StormFigure = {
  readonly storm: Storm;
  /** Path of the storm and of the others. */
  readonly path: RegistrationPath;
  readonly others: LoadResult;
  readonly stormy: StormResult;
  readonly cpuMs: Readonly<Record<string, number>>;
};

/** Length and number of measurements. Storms alternate in each round. */
export type StormsOptions = {
  readonly stack: Stack;
  /** Token with scope `registrations:write`. */
  readonly token: string;
  /** Concurrent requests of the others. The storm has as many. */
  readonly connections: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly onFigure: (figure: StormFigure) => void;
};

const WARM_UP_SECONDS = 2;

/** On the public path an address is never taken, so there are no duplicates. */
const STORMS: readonly (readonly [RegistrationPath, Storm])[] = [
  ['vouched', 'fresh addresses'],
  ['vouched', 'duplicates'],
  ['vouched', 'retries'],
  ['public', 'fresh addresses'],
  ['public', 'retries'],
];

/**
 * Measures registrations per second of new people while a storm sends as many concurrent requests.
 * Both use every process of the command API, so that rivals conflict in the log and not within one
 * process.
 */
export async function measureStorms(options: StormsOptions): Promise<StormFigure[]> {
  const { stack, seconds, rounds, onFigure } = options;
  const figures: StormFigure[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [path, storm] of STORMS) {
      const prefix = `${path}-${storm.replaceAll(' ', '-')}-${round}`;
      const both = { path, storm, prefix, seconds };
      await runBoth(options, { ...both, prefix: `w.${prefix}`, seconds: WARM_UP_SECONDS });
      await untilReadable(stack.gateway.url);
      const before = readCpu(stack.pids);
      const { others, stormy } = await runBoth(options, both);
      await untilReadable(stack.gateway.url);
      const after = readCpu(stack.pids);
      const cpuMs = cpuMsEach(before, after, others.requests + stormy.requests);
      const figure = { storm, path, others, stormy, cpuMs };
      figures.push(figure);
      onFigure(figure);
    }
  }
  return figures;
}

type Both = {
  readonly path: RegistrationPath;
  readonly storm: Storm;
  readonly prefix: string;
  readonly seconds: number;
};

async function runBoth(
  { stack, token, connections }: StormsOptions,
  { path, storm, prefix, seconds }: Both,
) {
  const urls = stack.services
    .filter(({ service }) => service === 'command-api')
    .map(({ url }) => url);
  const stopping = new AbortController();
  const options = { storm, path, token, urls, senders: connections, prefix: `storm-${prefix}` };
  const stormy = sendStorm(options, stopping.signal);
  const each = Math.max(1, Math.round(connections / urls.length));
  const load = { ...credentialsOf(path, token), connections: each, seconds };
  const others = await Promise.all(
    urls.map((url, n) => runLoad({ ...load, url, prefix: `other-${n}-${prefix}` })),
  ).finally(() => stopping.abort());
  return { others: sum(others), stormy: await stormy };
}

/** Adds up concurrent loads. The highest latency counts. */
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
