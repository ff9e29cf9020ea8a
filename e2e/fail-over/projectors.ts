import { setTimeout as pause } from 'node:timers/promises';
import { ProjectorStatus } from '@zameni/contracts';
import { type Stack, waitUntil } from '@zameni/runtime/testing';
import { Value } from 'typebox/value';
import type { OwnProcess } from '../support/own-process.ts';

/** A process of the projector; the stack may have started it again since. */
export type Projector = {
  readonly name: string;
  readonly url: string;
  readonly signal: (signal: NodeJS.Signals) => Promise<void>;
};

/** The processes of the projector that the stack restarts. */
export function projectorsOf(stack: Stack, readStack: () => Promise<Stack>): Projector[] {
  return stack.services
    .filter(({ service }) => service === 'projector')
    .map(({ name, url }) => ({
      name,
      url,
      signal: async (signal) => {
        const pid = (await readStack()).pids[name];
        if (pid === undefined) throw new Error(`${name} is not running`);
        process.kill(pid, signal);
      },
    }));
}

/** One more process of the projector. */
export function toProjector(name: string, { url, pid }: OwnProcess): Projector {
  return { name, url, signal: async (signal) => void process.kill(pid, signal) };
}

const STATUS_DEADLINE_MS = 1_000;
const POLL_MS = 10;

/** What the operator's port says. Undefined if it does not answer. */
export async function statusOf({ url }: Projector): Promise<ProjectorStatus | undefined> {
  try {
    const response = await fetch(`${url}/status`, {
      signal: AbortSignal.timeout(STATUS_DEADLINE_MS),
    });
    const status: unknown = await response.json();
    return Value.Check(ProjectorStatus, status) ? status : undefined;
  } catch {
    // Killed, frozen, or not up again yet.
    return undefined;
  }
}

/** A process that is active, and the position that it has applied. */
export type Active = { readonly projector: Projector; readonly position: number };

/** Waits until one of these processes is active and has applied more than a position. */
export async function untilActive(projectors: readonly Projector[], beyond = -1): Promise<Active> {
  const find = async (): Promise<Active | undefined> => {
    const found = await Promise.all(
      projectors.map(async (projector) => ({ projector, status: await statusOf(projector) })),
    );
    const active = found.find(({ status }) => status?.role === 'active');
    const position = active?.status?.position ?? 0;
    if (active === undefined || position <= beyond) return undefined;
    return { projector: active.projector, position };
  };
  let active: Active | undefined;
  await waitUntil(async () => {
    active = await find();
    if (active === undefined) await pause(POLL_MS);
    return active !== undefined;
  });
  if (active === undefined) throw new Error('no projector is active');
  return active;
}

/** Waits until a process has a role. */
export async function untilRole(
  projector: Projector,
  role: ProjectorStatus['role'],
): Promise<void> {
  await waitUntil(async () => {
    if ((await statusOf(projector))?.role === role) return true;
    await pause(POLL_MS);
    return false;
  });
}

/** The successor, and the milliseconds until it was active and until it had applied a batch. */
export type TakeOver = {
  readonly successor: Projector;
  readonly activeMs: number;
  readonly appliedMs: number;
};

/** Strikes the active process, under load, and waits until one of the others has taken over. */
export async function takeOver(
  strike: () => Promise<void>,
  others: readonly Projector[],
): Promise<TakeOver> {
  const startedAt = performance.now();
  await strike();
  const { projector: successor, position } = await untilActive(others);
  const activeMs = performance.now() - startedAt;
  await untilActive([successor], position);
  return { successor, activeMs, appliedMs: performance.now() - startedAt };
}
