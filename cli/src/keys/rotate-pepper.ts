import { setTimeout as pause } from 'node:timers/promises';
import {
  claimStateOf,
  type KeyRingFile,
  readKeyRing,
  readKeyRingFile,
  replaceKeyRing,
  toClaimLayers,
} from '@zameni/runtime';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { CommandError } from '../framework/command.ts';
import { toNextPepperStep } from './pepper-steps.ts';
import { getJson, untilEveryProcess } from './processes.ts';
import { untilProjectorIsDone } from './projector.ts';
import type { Rotation, RotationReport } from './rotate.ts';

const ProjectorStatus = Type.Object({
  reclaimer: Type.Object({
    role: Type.String(),
    reason: Type.Optional(Type.String()),
    phase: Type.Optional(Type.String()),
    isDone: Type.Optional(Type.Boolean()),
    found: Type.Optional(Type.Integer()),
  }),
});
const projectorStatusCheck = Compile(ProjectorStatus);

const PAUSE_MS = 500;

/** Milliseconds for every server of the log to answer. */
const SERVERS_DEADLINE_MS = 30_000;

/**
 * Rotates the pepper of claims. The ring says in which phase that is; each run of the loop waits until a
 * phase is everywhere and its work is done, and takes the step to the next. A process has arrived when it
 * has nothing under way any more from the phase before; what it has handed to a server of the log by then
 * is covered by the grace, after which every server must answer, because one that was paused would still
 * write it. Two processes that are two phases apart could give one address to two people, so every
 * doubt ends the command instead. Run again, it goes on.
 */
export async function rotatePepper(rotation: Rotation, graceMs: number): Promise<RotationReport> {
  const { path, ring, tell, signal } = rotation;
  let isBegun = readKeyRingFile(path).phase !== undefined;
  for (;;) {
    const file = readKeyRingFile(path);
    await untilArrived(rotation, file);
    if (file.phase === undefined && isBegun) {
      const kept = Object.keys(file.keys).filter((id) => id !== file.current);
      return { ring, current: file.current, removed: [], kept };
    }
    const layers = toClaimLayers(readKeyRing(path));
    if (layers !== undefined && layers.work !== 'none') await untilMoved(rotation, layers.state);
    // Around the phases with work in them nothing is written otherwise than before and after.
    else if (layers !== undefined) {
      tell(`Phase ${layers.state}`, `waiting ${graceMs / 1_000} s for what is under way to end`);
      await pause(graceMs, undefined, { signal });
    }
    await untilServersAnswer(rotation);
    await untilArrived(rotation, file);
    await replaceKeyRing(path, toNextPepperStep(file, new Date()));
    isBegun = true;
  }
}

/** Waits until every process is where the ring is. */
async function untilArrived(rotation: Rotation, file: KeyRingFile): Promise<void> {
  const state = claimStateOf(readKeyRing(rotation.path));
  rotation.tell(`Phase ${state}`, 'waiting until every process has arrived');
  await untilEveryProcess(
    rotation,
    ({ current, phase, keys }) =>
      current === file.current &&
      phase === file.phase &&
      Object.keys(file.keys).every((id) => keys.includes(id)),
  );
}

/** Waits until a projector tells that a reading of all claims found nothing left to move. */
function untilMoved(rotation: Rotation, wanted: string): Promise<void> {
  return untilProjectorIsDone(rotation, {
    step: `Phase ${wanted}`,
    read: (answer) => (projectorStatusCheck.Check(answer) ? answer.reclaimer : undefined),
    isDone: ({ phase, isDone }) => phase === wanted && isDone === true,
    describe: ({ found = 0 }) => `${found.toLocaleString('en')} claims moved, looking for more`,
  });
}

async function untilServersAnswer({ stack, signal }: Rotation): Promise<void> {
  const endsAt = performance.now() + SERVERS_DEADLINE_MS;
  for (;;) {
    const answers = await Promise.allSettled(
      stack.nats.monitors.map((url) => getJson(`${url}/healthz`, signal)),
    );
    signal.throwIfAborted();
    const missing = answers.findIndex(({ status }) => status === 'rejected');
    if (missing === -1) return;
    if (performance.now() >= endsAt) {
      throw new CommandError(
        'server-unreachable',
        `the NATS server ${stack.nats.servers[missing] ?? missing} does not answer. It may still hold what was written before, so nothing goes on: start it, then run the same command again`,
      );
    }
    await pause(PAUSE_MS, undefined, { signal });
  }
}
