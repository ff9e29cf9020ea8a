import { setTimeout as pause } from 'node:timers/promises';
import { readKeyRingFile, removeKeys, replaceKeyRing } from '@zameni/runtime';
import { CommandError } from '../framework/command.ts';
import { countAllByKek, withLog } from './keys-in-log.ts';
import {
  introduceKey,
  type Rotation,
  type RotationReport,
  untilCurrentEverywhere,
} from './rotation.ts';
import { untilProjectorIsDone } from './until-projector-is-done.ts';

const PAUSE_MS = 500;

/** Scans that may find new records. After each one the projector re-wraps these first. */
const MAX_SCANS = 10;

/**
 * Rotates the key-encryption key. It destroys an older key only after a scan of the whole log found
 * no record that this key wraps. The scan starts a grace period after every process used the new
 * key, while every process answers, so that older commits have ended. Destroying a key that a
 * record still needs is the worst failure, so every doubt ends the command instead.
 */
export async function rotateKek(rotation: Rotation, graceMs: number): Promise<RotationReport> {
  const { path, stack, signal, reportStep } = rotation;
  const found = readKeyRingFile(path);
  const isBegun = found.next === undefined && Object.keys(found.keys).length > 1;
  if (isBegun) await untilCurrentEverywhere(rotation);
  else await introduceKey(rotation);
  const graceEndsAt = performance.now() + graceMs;
  const { current, keys } = readKeyRingFile(path);

  for (let scans = 1; ; scans += 1) {
    await untilRewrapped(rotation, current);
    const waitMs = graceEndsAt - performance.now();
    if (waitMs > 0) {
      reportStep(`Waiting ${Math.ceil(waitMs / 1_000)} s for pending work to end`);
      await pause(waitMs, undefined, { signal });
    }
    await untilCurrentEverywhere(rotation);
    reportStep('Reading every key of the log once more');
    const options = { as: 'admin', signal } as const;
    const counts = await withLog(stack, options, (log) => countAllByKek(log, signal));
    const left = [...counts].filter(([kek]) => kek !== current);
    if (left.length === 0) break;
    if (scans === MAX_SCANS) {
      const records = left.map(([kek, count]) => `${count} by ${kek || 'none'}`).join(', ');
      throw new CommandError('records-left', `records are still wrapped by other keys: ${records}`);
    }
    await pause(PAUSE_MS, undefined, { signal });
  }

  const removed = Object.keys(keys).filter((id) => id !== current);
  await replaceKeyRing(path, removeKeys(readKeyRingFile(path)));
  return { ring: rotation.ring, current, removed, kept: [] };
}

/** Waits until the projector reports that all keys of people are wrapped by this one. */
function untilRewrapped(rotation: Rotation, wanted: string): Promise<void> {
  return untilProjectorIsDone(rotation, {
    name: 'rewrapper',
    step: `Re-wrapping people's keys with ${wanted}`,
    isDone: ({ kek, left, unusable }) => {
      if (kek !== wanted) return false;
      if (left === 0) return true;
      if (unusable !== undefined && left === unusable) {
        throw new CommandError(
          'keys-unusable',
          `no key of the ring opens ${unusable} keys of people; ` +
            "the projector's log has their positions. Nothing is destroyed",
        );
      }
      return false;
    },
    describe: ({ left }) =>
      left === undefined || left === null ? 'counting' : `${left.toLocaleString('en')} left`,
  });
}
