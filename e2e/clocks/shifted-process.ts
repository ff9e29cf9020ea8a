import { globSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PATIENCE_MS, type Stack, waitUntil } from '@zameni/runtime/testing';
import {
  type OwnProcess,
  type OwnProcessOptions,
  startOwnProcess,
} from '../support/own-process.ts';

/** A process whose wall clock can jump, while its monotonic clock goes on. */
export type ShiftedProcess = OwnProcess & {
  /** Sets its clock so many seconds ahead of the right time; a negative number sets it behind. */
  readonly shift: (seconds: number) => Promise<void>;
};

const SEEN_WITHIN_MS = 60_000;

/** The library that gives a program another clock (Debian's `libfaketime`). Undefined without it. */
export function findFaketime(): string | undefined {
  return globSync('/usr/lib/*/faketime/libfaketime.so.1')[0];
}

/** Starts a process of a service whose clock is so many seconds ahead. Resolves when it is ready. */
export async function startShiftedProcess(
  stack: Stack,
  {
    library,
    seconds,
    ...options
  }: OwnProcessOptions & {
    readonly library: string;
    readonly seconds: number;
  },
): Promise<ShiftedProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-clock-'));
  const file = join(folder, 'offset');
  const write = (offset: number) => writeFile(file, `${offset < 0 ? '' : '+'}${offset}s\n`);
  await write(seconds);
  const own = await startOwnProcess(stack, {
    ...options,
    env: {
      ...options.env,
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
  return {
    ...own,
    shift: async (offset) => {
      await write(offset);
      await waitUntil(async () => {
        const seenMs = (await readClock(own.url)) - Date.now();
        return Math.abs(seenMs - offset * 1_000) < SEEN_WITHIN_MS;
      });
    },
    [Symbol.asyncDispose]: async () => {
      await own[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The time that a process writes into its answers. */
async function readClock(url: string): Promise<number> {
  const response = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  return Date.parse(response.headers.get('date') ?? '');
}
