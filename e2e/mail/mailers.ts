import { setTimeout as pause } from 'node:timers/promises';
import { readTestStack, type Stack, waitUntil } from '@zameni/runtime/testing';
import { isHealthy } from '../support/is-healthy.ts';
import type { Random } from '../support/random.ts';

/** Milliseconds that a mailer is paused: longer than its lease. */
const PAUSED_MS = 4_000;

/** Milliseconds between two interruptions, at least and at most. */
const SHORTEST_CALM_MS = 300;
const LONGEST_CALM_MS = 1_500;

/** What happens in one round. */
const INTERRUPTIONS = [
  { isKill: true, isAll: false },
  { isKill: true, isAll: false },
  { isKill: true, isAll: true },
  { isKill: false, isAll: false },
  { isKill: false, isAll: true },
] as const;

/** The names of the stack's mailers. */
export function mailersOf({ services }: Stack): readonly string[] {
  return services.filter(({ service }) => service === 'mailer').map(({ name }) => name);
}

/** Signals mailers that run. A process that is being started again is passed over. */
export async function signalMailers(
  names: readonly string[],
  signal: NodeJS.Signals,
): Promise<number> {
  const { pids } = await readTestStack();
  let signalled = 0;
  for (const name of names) {
    const pid = pids[name];
    if (pid === undefined) continue;
    try {
      process.kill(pid, signal);
      signalled += 1;
    } catch {
      // It has just ended.
    }
  }
  return signalled;
}

/** Waits until all mailers are ready. */
export async function untilMailersReady({ services }: Stack): Promise<void> {
  const urls = services.filter(({ service }) => service === 'mailer').map(({ url }) => url);
  for (const url of urls) await waitUntil(() => isHealthy(`${url}/readyz`));
}

/**
 * Kills and pauses mailers, one or all at once, in random order and at random times until the signal
 * aborts. Returns how often one was interrupted.
 */
export async function interruptMailers(
  stack: Stack,
  { random, signal }: { readonly random: Random; readonly signal: AbortSignal },
): Promise<{ readonly kills: number; readonly pauses: number }> {
  const names = mailersOf(stack);
  let kills = 0;
  let pauses = 0;
  async function interrupt({ isKill, isAll }: (typeof INTERRUPTIONS)[number]): Promise<void> {
    const chosen = isAll ? names : random.shuffle(names).slice(0, 1);
    if (isKill) {
      kills += await signalMailers(chosen, 'SIGKILL');
      return;
    }
    pauses += await signalMailers(chosen, 'SIGSTOP');
    await pause(PAUSED_MS);
    await signalMailers(chosen, 'SIGCONT');
  }

  while (!signal.aborted) {
    for (const interruption of random.shuffle(INTERRUPTIONS)) {
      await pause(SHORTEST_CALM_MS + random.below(LONGEST_CALM_MS - SHORTEST_CALM_MS));
      if (!signal.aborted) await interrupt(interruption);
    }
  }
  return { kills, pauses };
}
