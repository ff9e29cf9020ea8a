import { setTimeout as pause } from 'node:timers/promises';
import { CommandError } from '../framework/command.ts';
import { getJson } from './processes.ts';
import type { Rotation } from './rotate.ts';

/** What a projector tells of a part of a rotation that it does; `reason` says why it is stalled. */
type WorkStatus = { readonly role: string; readonly reason?: string };

/** Work of a projector that is waited for, as `/status` of the projector shows it. */
export type ProjectorWork<Status extends WorkStatus> = {
  /** What it does, in the words of the command. */
  readonly step: string;
  /** What an answer says of the work; undefined when it says nothing of it. */
  readonly read: (answer: unknown) => Status | undefined;
  /** Asked of the projector that is at it; throws when it cannot come to an end. */
  readonly isDone: (status: Status) => boolean;
  /** How far it is. */
  readonly describe: (status: Status) => string;
};

/** Milliseconds without any progress after which something is wrong; counting takes a while. */
const STUCK_MS = 10 * 60 * 1_000;
const PAUSE_MS = 500;

/** Waits until the projector that is at some work tells that it is done. */
export async function untilProjectorIsDone<Status extends WorkStatus>(
  { stack, signal, tell }: Rotation,
  work: ProjectorWork<Status>,
): Promise<void> {
  const projectors = stack.services.filter(({ service }) => service === 'projector');
  let last = '';
  let changedAt = performance.now();
  for (;;) {
    const statuses = await Promise.all(projectors.map(({ url }) => ask(url, work, signal)));
    signal.throwIfAborted();
    const status = statuses.find((each) => each?.role === 'active' || each?.role === 'stalled');
    if (status?.role === 'active' && work.isDone(status)) return;
    const now = toDetail(status, work);
    if (now !== last) changedAt = performance.now();
    last = now;
    if (performance.now() - changedAt > STUCK_MS) {
      throw new CommandError('no-progress', `the projector does not go on: ${now}`);
    }
    tell(work.step, now);
    await pause(PAUSE_MS, undefined, { signal });
  }
}

async function ask<Status extends WorkStatus>(
  url: string,
  { read }: ProjectorWork<Status>,
  signal: AbortSignal,
): Promise<Status | undefined> {
  try {
    return read(await getJson(`${url}/status`, signal));
  } catch {
    // It may be starting again; another projector takes over meanwhile.
    return undefined;
  }
}

function toDetail<Status extends WorkStatus>(
  status: Status | undefined,
  { describe }: ProjectorWork<Status>,
): string {
  if (status === undefined) return 'no projector is at it yet';
  if (status.role === 'stalled') return `stalled (${status.reason ?? 'unknown'})`;
  return describe(status);
}
