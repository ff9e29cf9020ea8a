import type { Stack } from '@zameni/runtime/stack';
import {
  startInsert,
  startNoop,
  withoutReplica,
  withSynchronousStandby,
} from '../load/baselines.ts';
import { cpuMsEach, readCpu } from '../load/cpu.ts';
import { untilReadable } from '../load/until-readable.ts';
import { type LoadKind, type LoadResult, runLoad } from '../load/wrk.ts';

/** One figure: target, connections, result, and CPU milliseconds per operation by process. */
export type AppendFigure = LoadResult & {
  readonly target: string;
  readonly connections: number;
  readonly cpuMs: Readonly<Record<string, number>>;
};

/** Length and number of measurements. Targets alternate in each round; the median counts. */
export type AppendOptions = {
  readonly stack: Stack;
  /** Token with scope `registrations:write`. */
  readonly token: string;
  readonly connections: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
  readonly onFigure: (figure: AppendFigure) => void;
};

const WARM_UP_SECONDS = 2;

/** For the first round: V8 compiles hot code for about ten seconds, also in the baselines. */
const FIRST_WARM_UP_SECONDS = 10;

/** The target with retries among its requests. None of its requests may fail. */
export const WITH_RETRIES = 'Zameni public, 5 % retries';

type Target = {
  readonly name: string;
  readonly url: string;
  readonly pids: Readonly<Record<string, number>>;
  readonly kind?: LoadKind;
  /** Waits for the work that the requests cause later, which counts too. */
  readonly catchUp?: () => Promise<void>;
  readonly around?: <T>(work: () => Promise<T>) => Promise<T>;
};

/**
 * Measures registrations per second of Zameni, public and vouched, and of the baselines. One run
 * with one load program covers all, so that they are comparable.
 */
export async function measureAppend(options: AppendOptions): Promise<AppendFigure[]> {
  const { stack, token, connections, seconds, rounds, onFigure } = options;
  await using noop = await startNoop(10_970);
  await using insert = await startInsert(stack, 10_971);
  const postgres = {
    'postgres-primary': stack.pids['postgres-primary'] ?? 0,
    'postgres-replica': stack.pids['postgres-replica'] ?? 0,
  };
  const api = stack.services.find(({ service }) => service === 'command-api')?.url ?? '';
  const zameni = { url: api, pids: stack.pids, catchUp: () => untilReadable(api) };
  const targets: Target[] = [
    { name: 'validated no-op', url: noop.url, pids: { api: noop.pid } },
    {
      name: 'plain INSERT',
      url: insert.url,
      pids: { api: insert.pid, ...postgres },
      around: (work) => withoutReplica(stack, work),
    },
    {
      name: 'INSERT with synchronous standby',
      url: insert.url,
      pids: { api: insert.pid, ...postgres },
      around: (work) => withSynchronousStandby(stack, work),
    },
    { ...zameni, name: 'Zameni public' },
    { ...zameni, name: 'Zameni public, gateway', url: stack.gateway.url },
    { ...zameni, name: 'Zameni vouched', kind: { token } },
    { ...zameni, name: 'Zameni public, with keys', kind: { mode: 'keys' } },
    { ...zameni, name: WITH_RETRIES, kind: { mode: 'retries' } },
  ];
  const figures: AppendFigure[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const count of connections) {
      for (const target of targets) {
        const around = target.around ?? ((work) => work());
        const figure = await around(() => measure(target, count, seconds, round));
        figures.push(figure);
        onFigure(figure);
      }
    }
  }
  return figures;
}

async function measure(
  target: Target,
  connections: number,
  seconds: number,
  round: number,
): Promise<AppendFigure> {
  const load = { ...target.kind, url: target.url, connections };
  const catchUp = target.catchUp ?? (() => Promise.resolve());
  const prefix = `${target.name.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.${connections}.${round}`;
  const warmUp = round === 0 ? FIRST_WARM_UP_SECONDS : WARM_UP_SECONDS;
  await runLoad({ ...load, seconds: warmUp, prefix: `w.${prefix}` });
  await catchUp();
  const before = readCpu(target.pids);
  const result = await runLoad({ ...load, seconds, prefix });
  await catchUp();
  const after = readCpu(target.pids);
  const cpuMs = cpuMsEach(before, after, result.requests);
  return { ...result, target: target.name, connections, cpuMs };
}
