import type { Stack } from '@zameni/runtime/stack';
import { untilReadable } from '../load/until-readable.ts';
import { type LoadKind, runLoad } from '../load/wrk.ts';

/** Options of a load on the gateway. */
export type CapacityOptions = LoadKind & {
  readonly connections: number;
  readonly seconds: number;
  /** Start of every address. */
  readonly prefix: string;
};

/** Measures registrations per second through the gateway after a warm-up. */
export async function measureCapacity(
  { gateway }: Stack,
  { prefix, ...options }: CapacityOptions,
): Promise<number> {
  const load = { ...options, url: gateway.url };
  await runLoad({ ...load, prefix: `w.${prefix}` });
  const { requests, seconds } = await runLoad({ ...load, prefix });
  await untilReadable(gateway.url);
  return requests / seconds;
}
