import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** What the requests of a load are, beside how many. */
export type LoadKind = {
  /** Of a caller with scope `registrations:write`; without it the registrations are public. */
  readonly token?: string;
  /** `keys`: with an `Idempotency-Key` each; `retries`: each twentieth also repeats an earlier one. */
  readonly mode?: 'keys' | 'retries';
};

/** One load of registrations: where to, by how many connections, for how long. */
export type Load = LoadKind & {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Begins every address, so that no two loads share one. */
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

/** What a load measured; latencies are those of its closed loop. */
export type LoadResult = Type.Static<typeof LoadResult>;

const script = new URL('./registrations.lua', import.meta.url).pathname;

/** Sends registrations by wrk, in a closed loop on one thread, and reads its figures. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const { url, connections, seconds, prefix, token, mode = 'new' } = load;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '15s', '-s', script, url];
  const { BENCH_TOKEN: _, ...inherited } = process.env;
  // Not among the arguments: a failure prints those.
  const env = token === undefined ? inherited : { ...inherited, BENCH_TOKEN: token };
  const { stdout } = await promisify(execFile)('wrk', [...args, '--', prefix, mode], { env });
  const result: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  if (!resultCheck.Check(result)) throw new Error(`wrk printed something else: ${stdout}`);
  return result;
}
