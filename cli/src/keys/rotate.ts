import {
  addNextKey,
  clearKeyRingDrafts,
  makeNextCurrent,
  readKeyRingFile,
  replaceKeyRing,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { type Static, Type } from 'typebox';
import { lockFile } from '../../../deploy/local/host/file-lock.ts';
import { CommandError } from '../framework/command.ts';
import { untilEveryProcess } from './processes.ts';
import type { StepProgress } from './progress.ts';
import { RINGS, type RotatedRing } from './rings.ts';

/** A rotation that is under way. */
export type Rotation = Pick<StepProgress, 'tell'> & {
  readonly stack: Stack;
  readonly ring: RotatedRing;
  readonly path: string;
  readonly signal: AbortSignal;
};

/** What `zameni keys rotate --json` prints: ids, never keys. */
export const RotationReport = Type.Object(
  {
    ring: Type.String(),
    current: Type.String(),
    removed: Type.Array(Type.String(), { description: 'Keys that are not in the ring any more' }),
    kept: Type.Array(Type.String(), { description: 'Older keys that are still needed' }),
  },
  { additionalProperties: false, title: 'KeyRotation' },
);
export type RotationReport = Static<typeof RotationReport>;

/** Does something with a ring while no other rotation may change its file. */
export async function withRing<T>(
  { stack, ring, signal, tell }: Omit<Rotation, 'path'>,
  use: (rotation: Rotation) => Promise<T>,
): Promise<T> {
  const path = RINGS[ring].path(stack);
  const lock = await lockFile(`${path}.lock`);
  if (lock.status !== 'taken') {
    const who = lock.status === 'held' ? `process ${lock.pid}` : 'another process';
    throw new CommandError('rotation-under-way', `${who} is rotating the ${ring} ring already`);
  }
  await using _held = lock;
  // Keys that were removed may lie in what a killed process left.
  await clearKeyRingDrafts(path);
  return await use({ stack, ring, path, signal, tell });
}

/**
 * Adds a key, waits until every process has read it, makes it the current one, and waits until every
 * process uses it. Begun already, it goes on where it was: the ring's file says where that is.
 */
export async function introduceKey(rotation: Rotation): Promise<void> {
  const { path, ring, tell } = rotation;
  if (readKeyRingFile(path).next === undefined) {
    await replaceKeyRing(path, addNextKey(readKeyRingFile(path)));
  }
  const { next = '' } = readKeyRingFile(path);
  tell(`Waiting until every process has read the new ${ring} key ${next}`);
  await untilEveryProcess(rotation, ({ keys }) => keys.includes(next));
  await replaceKeyRing(path, makeNextCurrent(readKeyRingFile(path), new Date()));
  await untilCurrentEverywhere(rotation);
}

/** Waits until every process uses the current key. */
export async function untilCurrentEverywhere(rotation: Rotation): Promise<void> {
  const { current: wanted } = readKeyRingFile(rotation.path);
  rotation.tell(`Waiting until every process uses the ${rotation.ring} key ${wanted}`);
  await untilEveryProcess(rotation, ({ current }) => current === wanted);
}
