import { setTimeout as pause } from 'node:timers/promises';
import { KeyRingsView } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { Compile } from 'typebox/compile';
import { CommandError } from '../framework/command.ts';
import { type RingName, RINGS, type RingSpec } from './rings.ts';

/** The state of a ring in one process. */
export type HeldRing = KeyRingsView[string];

/** Processes and ring to ask about, and the deadline. */
export type AskOptions = {
  readonly stack: Stack;
  readonly ring: RingName;
  readonly signal: AbortSignal;
  /** For all of them. One may be restarting, and each reads its ring once a second. */
  readonly deadlineMs?: number;
};

/** Milliseconds for one answer of one process. */
const ANSWER_DEADLINE_MS = 2_000;

const DEADLINE_MS = 30_000;
const PAUSE_MS = 250;

const keyRingsCheck = Compile(KeyRingsView);

/**
 * Waits until every process that holds a ring reports the wanted state. A process that does not
 * answer stops the rotation, because it may be paused and continue later with an older ring.
 */
export async function untilEveryProcess(
  { stack, ring, signal, deadlineMs = DEADLINE_MS }: AskOptions,
  isWanted: (held: HeldRing) => boolean,
): Promise<void> {
  const { services }: RingSpec = RINGS[ring];
  const holders = stack.services.filter(({ service }) => services.includes(service));
  const endsAt = performance.now() + deadlineMs;
  for (;;) {
    const answers = await Promise.all(
      holders.map(async ({ name, url }) => ({ name, held: await askProcess(url, signal) })),
    );
    signal.throwIfAborted();
    const missing = answers.find(({ held }) => held?.[ring] === undefined || !isWanted(held[ring]));
    if (missing === undefined) return;
    if (performance.now() >= endsAt) throw toError(missing, ring);
    await pause(PAUSE_MS, undefined, { signal });
  }
}

function toError(
  { name, held }: { readonly name: string; readonly held: KeyRingsView | undefined },
  ring: RingName,
): CommandError {
  if (held === undefined) {
    return new CommandError(
      'process-unreachable',
      `${name} does not answer, and every process must read the new key before its first use. ` +
        `Start ${name}, then run the same command again`,
    );
  }
  return new CommandError(
    'ring-not-read',
    `${name} has not read the new ${ring} ring; its log has the reason ("key ring not read"). ` +
      'Repair it, then run the same command again',
  );
}

/** Reads the rings of a process. Returns undefined if it does not answer. */
async function askProcess(url: string, signal: AbortSignal): Promise<KeyRingsView | undefined> {
  try {
    const answer: unknown = await getJson(`${url}/key-rings`, signal);
    return keyRingsCheck.Check(answer) ? answer : undefined;
  } catch {
    // Every failure counts as no answer, which is reported at the deadline.
    return undefined;
  }
}

/** Sends a GET to a process of the stack on its internal port. */
export async function getJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_DEADLINE_MS)]),
    // A reused connection may be closed by the process at the same moment.
    headers: { connection: 'close' },
  });
  return response.json();
}
