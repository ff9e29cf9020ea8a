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

/** One figure: what was loaded how, what came of it, and CPU milliseconds an operation by process. */
export type AppendFigure = LoadResult & {
  readonly target: string;
  readonly connections: number;
  readonly cpuMs: Readonly<Record<string, number>>;
};

/** How long and how often each figure is measured; rounds alternate, the median counts. */
export type AppendOptions = {
  readonly stack: Stack;
  /** Of a caller with scope `registrations:write`. */
  readonly token: string;
  readonly connections: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
  readonly onFigure: (figure: AppendFigure) => void;
};

const WARM_UP_SECONDS = 2;

/** Before the first round: V8 compiles what is hot for some ten seconds, ours and the baselines' alike. */
const FIRST_WARM_UP_SECONDS = 10;

/** The target whose requests are retries in part: every one of them must be answered like the others. */
export const WITH_RETRIES = 'Zameni public, 5 % retries';

type Target = {
  readonly name: string;
  readonly url: string;
  readonly pids: Readonly<Record<string, number>>;
  readonly kind?: LoadKind;
  /** Waits for what the requests leave to be done, which counts too. */
  readonly settle?: () => Promise<void>;
  readonly around?: <T>(work: () => Promise<T>) => Promise<T>;
};

/**
 * Registrations a second of Zameni, public and vouched, beside the baselines, all in one run by one load
 * program.
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
  const zameni = { url: api, pids: stack.pids, settle: () => untilReadable(api) };
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
  const settle = target.settle ?? (() => Promise.resolve());
  const prefix = `${target.name.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.${connections}.${round}`;
  const warmUp = round === 0 ? FIRST_WARM_UP_SECONDS : WARM_UP_SECONDS;
  await runLoad({ ...load, seconds: warmUp, prefix: `w.${prefix}` });
  await settle();
  const before = readCpu(target.pids);
  const result = await runLoad({ ...load, seconds, prefix });
  await settle();
  const after = readCpu(target.pids);
  const cpuMs = cpuMsEach(before, after, result.requests);
  return { ...result, target: target.name, connections, cpuMs };
}
