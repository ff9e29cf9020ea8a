import { setTimeout as pause } from 'node:timers/promises';
import { readKeyRingFile, removeKeys, replaceKeyRing } from '@zameni/runtime';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { CommandError } from '../framework/command.ts';
import { countByKek, withLog } from './count.ts';
import { untilProjectorIsDone } from './projector.ts';
import {
  introduceKey,
  type Rotation,
  type RotationReport,
  untilCurrentEverywhere,
} from './rotate.ts';

const ProjectorStatus = Type.Object({
  rewrapper: Type.Object({
    role: Type.String(),
    reason: Type.Optional(Type.String()),
    kek: Type.Optional(Type.String()),
    left: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
    unusable: Type.Optional(Type.Integer()),
  }),
});
const projectorStatusCheck = Compile(ProjectorStatus);

const PAUSE_MS = 500;

/** Scans in which something new was found; each time the projector is to wrap it anew first. */
const MAX_SCANS = 10;

/**
 * Rotates the key-encryption key. An older key is destroyed only when no record is wrapped by it, in a
 * reading of the log from its start that began a grace after every process was known to use the new
 * key, while every process answers: a commit that was under way then has ended. To destroy a key that
 * one record needs is the worst failure there is, so every doubt ends the command instead.
 */
export async function rotateKek(rotation: Rotation, graceMs: number): Promise<RotationReport> {
  const { path, stack, signal, tell } = rotation;
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
      tell(`Waiting ${Math.ceil(waitMs / 1_000)} s for what is under way to end`);
      await pause(waitMs, undefined, { signal });
    }
    await untilCurrentEverywhere(rotation);
    tell('Reading every key of the log once more');
    const counts = await withLog(stack, signal, (log) => countByKek(log, signal));
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

/** Waits until the projector tells that no key of a person is wrapped by another than this one. */
function untilRewrapped(rotation: Rotation, wanted: string): Promise<void> {
  return untilProjectorIsDone(rotation, {
    step: `Wrapping people's keys anew by ${wanted}`,
    read: (answer) => (projectorStatusCheck.Check(answer) ? answer.rewrapper : undefined),
    isDone: ({ kek, left, unusable }) => {
      if (kek !== wanted) return false;
      if (left === 0) return true;
      if (unusable !== undefined && left === unusable) {
        throw new CommandError(
          'keys-unusable',
          `${unusable} keys of people are opened by no key of the ring; the projector's log says where they lie. Nothing is destroyed`,
        );
      }
      return false;
    },
    describe: ({ left }) =>
      left === undefined || left === null ? 'counting' : `${left.toLocaleString('en')} left`,
  });
}
