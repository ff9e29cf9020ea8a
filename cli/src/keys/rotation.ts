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
import type { StepProgress } from '../framework/steps.ts';
import { untilEveryProcess } from './processes.ts';
import { RINGS, type RotatedRing } from './rings.ts';

/** A running rotation. */
export type Rotation = Pick<StepProgress, 'reportStep'> & {
  readonly stack: Stack;
  readonly ring: RotatedRing;
  readonly path: string;
  readonly signal: AbortSignal;
};

/** Output of `zameni keys rotate --json`: ids, never keys. */
export const RotationReport = Type.Object(
  {
    ring: Type.String(),
    current: Type.String(),
    removed: Type.Array(Type.String(), { description: 'Keys that were removed from the ring' }),
    kept: Type.Array(Type.String(), { description: 'Older keys that are still needed' }),
  },
  { additionalProperties: false, title: 'KeyRotation' },
);
export type RotationReport = Static<typeof RotationReport>;

/** Locks a ring, so that no other rotation changes its file, and runs `use`. */
export async function withRing<T>(
  { stack, ring, signal, reportStep }: Omit<Rotation, 'path'>,
  use: (rotation: Rotation) => Promise<T>,
): Promise<T> {
  const path = RINGS[ring].path(stack);
  const lock = await lockFile(`${path}.lock`);
  if (lock.status !== 'taken') {
    const who = lock.status === 'held' ? `process ${lock.pid}` : 'another process';
    throw new CommandError('rotation-under-way', `${who} is rotating the ${ring} ring already`);
  }
  await using _held = lock;
  // Drafts that a killed process left may contain removed keys.
  await clearKeyRingDrafts(path);
  return await use({ stack, ring, path, signal, reportStep });
}

/**
 * Adds a key, waits until every process has read it, makes it the current one, and waits until
 * every process uses it. The ring's file holds the state, so an interrupted run continues.
 */
export async function introduceKey(rotation: Rotation): Promise<void> {
  const { path, ring, reportStep } = rotation;
  if (readKeyRingFile(path).next === undefined) {
    await replaceKeyRing(path, addNextKey(readKeyRingFile(path)));
  }
  const { next = '' } = readKeyRingFile(path);
  reportStep(`Waiting until every process has read the new ${ring} key ${next}`);
  await untilEveryProcess(rotation, ({ keys }) => keys.includes(next));
  await replaceKeyRing(path, makeNextCurrent(readKeyRingFile(path), new Date()));
  await untilCurrentEverywhere(rotation);
}

/** Waits until every process uses the current key. */
export async function untilCurrentEverywhere(rotation: Rotation): Promise<void> {
  const { current: wanted } = readKeyRingFile(rotation.path);
  rotation.reportStep(`Waiting until every process uses the ${rotation.ring} key ${wanted}`);
  await untilEveryProcess(rotation, ({ current }) => current === wanted);
}
