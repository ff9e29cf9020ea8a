import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** The kind of requests in a load. */
export type LoadKind = {
  /** Token with scope `registrations:write`. Without it the registrations are public. */
  readonly token?: string;
  /** `keys`: each has an `Idempotency-Key`. `retries`: each twentieth also repeats an older one. */
  readonly mode?: 'keys' | 'retries';
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

const script = new URL('./registrations.lua', import.meta.url).pathname;

/** Sends registrations with wrk, in a closed loop on one thread, and parses its figures. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const { url, connections, seconds, prefix, token, mode = 'new' } = load;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '15s', '-s', script, url];
  const { BENCH_TOKEN: _, ...inherited } = process.env;
  // In the environment, because an error message would contain the arguments.
  const env = token === undefined ? inherited : { ...inherited, BENCH_TOKEN: token };
  const { stdout } = await promisify(execFile)('wrk', [...args, '--', prefix, mode], { env });
  const result: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  if (!resultCheck.Check(result)) throw new Error(`wrk printed something else: ${stdout}`);
  return result;
}
