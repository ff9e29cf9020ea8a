import type { Stack } from '@zameni/runtime/stack';
import { untilReadable } from '../load/until-readable.ts';
import { type LoadKind, runLoad } from '../load/wrk.ts';

/** What is registered how: as in a load, but for its address and its names. */
export type CapacityOptions = LoadKind & {
  readonly connections: number;
  readonly seconds: number;
  /** Begins every address. */
  readonly prefix: string;
};

/** Registrations a second through the gateway when everything is warm. */
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
