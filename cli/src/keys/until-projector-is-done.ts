import { setTimeout as pause } from 'node:timers/promises';
import { ProjectorStatus } from '@zameni/contracts';
import { Compile } from 'typebox/compile';
import { CommandError } from '../framework/command.ts';
import { getJson } from './processes.ts';
import type { Rotation } from './rotation.ts';

/** Background work of the projector that a rotation waits for, by its name in the status. */
type WorkName = 'rewrapper' | 'reclaimer';

/** How to wait for one kind of background work. */
export type ProjectorWork<Name extends WorkName> = {
  readonly name: Name;
  /** Description of the work in the command's output. */
  readonly step: string;
  /** Called with the status of the active projector. Throws if the work cannot finish. */
  readonly isDone: (status: ProjectorStatus[Name]) => boolean;
  /** Describes the progress. */
  readonly describe: (status: ProjectorStatus[Name]) => string;
};

/** Milliseconds without progress before the command fails. Counting takes a while. */
const STUCK_MS = 10 * 60 * 1_000;
const PAUSE_MS = 500;

const statusCheck = Compile(ProjectorStatus);

/** Waits until the active projector reports that the work is done. */
export async function untilProjectorIsDone<Name extends WorkName>(
  { stack, signal, reportStep }: Rotation,
  work: ProjectorWork<Name>,
): Promise<void> {
  const projectors = stack.services.filter(({ service }) => service === 'projector');
  let last = '';
  let changedAt = performance.now();
  for (;;) {
    const answers = await Promise.all(projectors.map(({ url }) => readStatus(url, signal)));
    signal.throwIfAborted();
    const statuses = answers.map((answer) => answer?.[work.name]);
    const status = statuses.find((each) => each?.role === 'active' || each?.role === 'stalled');
    if (status?.role === 'active' && work.isDone(status)) return;
    const now = toDetail(status, work);
    if (now !== last) changedAt = performance.now();
    last = now;
    if (performance.now() - changedAt > STUCK_MS) {
      throw new CommandError('no-progress', `the projector makes no progress: ${now}`);
    }
    reportStep(work.step, now);
    await pause(PAUSE_MS, undefined, { signal });
  }
}

async function readStatus(url: string, signal: AbortSignal): Promise<ProjectorStatus | undefined> {
  try {
    const answer = await getJson(`${url}/status`, signal);
    return statusCheck.Check(answer) ? answer : undefined;
  } catch {
    // The process may be restarting while another projector takes over.
    return undefined;
  }
}

function toDetail<Name extends WorkName>(
  status: ProjectorStatus[Name] | undefined,
  { describe }: ProjectorWork<Name>,
): string {
  if (status === undefined) return 'no projector has started yet';
  if (status.role === 'stalled') return `stalled (${status.reason ?? 'unknown'})`;
  return describe(status);
}
