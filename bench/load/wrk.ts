import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** The kind of requests in a load. */
export type LoadKind = {
  /** Token with scope `registrations:write`. Without it the registrations are public. */
  readonly token?: string;
  /** `keys`: each has an `Idempotency-Key`. `retries`: each twentieth also repeats an older one. */
  readonly mode?: 'new' | 'keys' | 'retries';
  /** Gives each request a trace context, of which this share is sampled. */
  readonly traceRatio?: number;
};

/** One load of registrations: its target, connections and duration. */
export type Load = LoadKind & {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Start of every address. It keeps the addresses of different loads apart. */
  readonly prefix: string;
};

const LoadResult = Type.Object({
  requests: Type.Integer(),
  failed: Type.Integer(),
  seconds: Type.Number(),
  p50Ms: Type.Number(),
  p99Ms: Type.Number(),
});
const resultCheck = Compile(LoadResult);

/** The result of a load. Latencies are measured in a closed loop. */
export type LoadResult = Type.Static<typeof LoadResult>;

const script = join(import.meta.dirname, 'registrations.lua');

/** Sends registrations with wrk, in a closed loop on one thread, and parses its figures. */
export async function runLoad({ prefix, mode = 'new', ...load }: Load): Promise<LoadResult> {
  return runWrk(load, [prefix, mode]);
}

/** Reads a path in the same way. */
export async function runReads(
  load: Omit<Load, 'prefix' | 'mode'> & { readonly path: string },
): Promise<LoadResult> {
  return runWrk(load, [load.path, 'reads']);
}

async function runWrk(
  { url, connections, seconds, token, traceRatio }: Omit<Load, 'prefix' | 'mode'>,
  scriptArgs: readonly string[],
): Promise<LoadResult> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '15s', '-s', script, url];
  const { BENCH_TOKEN: _, ...inherited } = process.env;
  // In the environment, because an error message would contain the arguments.
  const env = {
    ...inherited,
    ...(token === undefined ? {} : { BENCH_TOKEN: token }),
    ...(traceRatio === undefined ? {} : { BENCH_TRACE_RATIO: String(traceRatio) }),
  };
  const { stdout } = await promisify(execFile)('wrk', [...args, '--', ...scriptArgs], { env });
  const result: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  if (!resultCheck.Check(result)) throw new Error(`wrk printed something else: ${stdout}`);
  return result;
}
