import { setTimeout as pause } from 'node:timers/promises';
import {
  claimStateOf,
  type KeyRingFile,
  readPepperRing,
  readKeyRingFile,
  replaceKeyRing,
  toClaimLayers,
  askServer,
  watchedServers,
} from '@zameni/runtime';
import { CommandError } from '../framework/command.ts';
import { toNextPepperStep } from './pepper-steps.ts';
import { untilEveryProcess } from './processes.ts';
import { untilProjectorIsDone } from './until-projector-is-done.ts';
import type { Rotation, RotationReport } from './rotation.ts';

const PAUSE_MS = 500;

/** Milliseconds for every server of the log to answer. */
const SERVERS_DEADLINE_MS = 30_000;

/**
 * Rotates the pepper of claims. The ring stores the phase. Each iteration waits until every process
 * has reached the phase and its work is done, and then starts the next phase. A process has reached
 * a phase when it has no unfinished work from the phase before. A server of the log may still hold
 * earlier appends; the grace period covers these. Afterwards every server must answer, because a
 * paused server would still write them. Two processes that are two phases apart could give one
 * address to two people, so every doubt ends the command instead. Running the command again
 * continues.
 */
export async function rotatePepper(rotation: Rotation, graceMs: number): Promise<RotationReport> {
  const { path, ring, reportStep, signal } = rotation;
  let isBegun = readKeyRingFile(path).phase !== undefined;
  for (;;) {
    const file = readKeyRingFile(path);
    await untilArrived(rotation, file);
    if (file.phase === undefined && isBegun) {
      const kept = Object.keys(file.keys).filter((id) => id !== file.current);
      return { ring, current: file.current, removed: [], kept };
    }
    const layers = toClaimLayers(readPepperRing(path));
    if (layers !== undefined && layers.work !== 'none') await untilMoved(rotation, layers.state);
    // A phase with work changes no writes of other processes, so only the others need the grace.
    else if (layers !== undefined) {
      reportStep(`Phase ${layers.state}`, `waiting ${graceMs / 1_000} s for pending work to end`);
      await pause(graceMs, undefined, { signal });
    }
    await untilServersAnswer(rotation);
    await untilArrived(rotation, file);
    await replaceKeyRing(path, toNextPepperStep(file, new Date()));
    isBegun = true;
  }
}

/** Waits until every process has reached the phase of the ring. */
async function untilArrived(rotation: Rotation, file: KeyRingFile): Promise<void> {
  const state = claimStateOf(readPepperRing(rotation.path));
  rotation.reportStep(`Phase ${state}`, 'waiting until every process has arrived');
  await untilEveryProcess(
    rotation,
    ({ current, phase, keys }) =>
      current === file.current &&
      phase === file.phase &&
      Object.keys(file.keys).every((id) => keys.includes(id)),
  );
}

/** Waits until a projector reports that a pass over all claims found nothing to move. */
function untilMoved(rotation: Rotation, wanted: string): Promise<void> {
  return untilProjectorIsDone(rotation, {
    name: 'reclaimer',
    step: `Phase ${wanted}`,
    isDone: ({ phase, isDone }) => phase === wanted && isDone === true,
    describe: ({ found = 0 }) => `${found.toLocaleString('en')} claims moved, looking for more`,
  });
}

async function untilServersAnswer({ stack, signal }: Rotation): Promise<void> {
  const endsAt = performance.now() + SERVERS_DEADLINE_MS;
  for (;;) {
    const answers = await Promise.allSettled(
      watchedServers(stack).map((server) => askServer(server, 'HEALTHZ', {}, signal)),
    );
    signal.throwIfAborted();
    const missing = answers.findIndex(({ status }) => status === 'rejected');
    if (missing === -1) return;
    if (performance.now() >= endsAt) {
      throw new CommandError(
        'server-unreachable',
        `the NATS server ${stack.nats.servers[missing] ?? missing} does not answer, ` +
          'and may still hold earlier appends. Start it, then run the same command again',
      );
    }
    await pause(PAUSE_MS, undefined, { signal });
  }
}
