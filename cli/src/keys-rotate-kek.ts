import { setTimeout as pause } from 'node:timers/promises';
import { readKeyRingFile, removeKeys, replaceKeyRing } from '@zameni/runtime';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { CommandError } from './command.ts';
import { countByKek, withLog } from './keys-count.ts';
import { getJson } from './keys-processes.ts';
import {
  introduceKey,
  type Rotation,
  type RotationReport,
  untilCurrentEverywhere,
} from './keys-rotate.ts';

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
type RewrapperStatus = Static<typeof ProjectorStatus>['rewrapper'];

/** Milliseconds without any progress after which something is wrong; counting takes a while. */
const STUCK_MS = 10 * 60 * 1_000;
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
async function untilRewrapped({ stack, signal, tell }: Rotation, kek: string): Promise<void> {
  const projectors = stack.services.filter(({ service }) => service === 'projector');
  let last = '';
  let changedAt = performance.now();
  for (;;) {
    const statuses = await Promise.all(projectors.map(({ url }) => readRewrapper(url, signal)));
    signal.throwIfAborted();
    const status = statuses.find((each) => each?.role === 'active' || each?.role === 'stalled');
    if (status?.role === 'active' && status.kek === kek) {
      if (status.left === 0) return;
      if (status.unusable !== undefined && status.left === status.unusable) {
        throw new CommandError(
          'keys-unusable',
          `${status.unusable} keys of people are opened by no key of the ring; the projector's log says where they lie. Nothing is destroyed`,
        );
      }
    }
    const now = describe(status);
    if (now !== last) changedAt = performance.now();
    last = now;
    if (performance.now() - changedAt > STUCK_MS) {
      throw new CommandError('no-progress', `the projector does not go on: ${now}`);
    }
    tell(`Wrapping people's keys anew by ${kek}`, now);
    await pause(PAUSE_MS, undefined, { signal });
  }
}

async function readRewrapper(
  url: string,
  signal: AbortSignal,
): Promise<RewrapperStatus | undefined> {
  try {
    const status = await getJson(`${url}/status`, signal);
    return projectorStatusCheck.Check(status) ? status.rewrapper : undefined;
  } catch {
    // It may be starting again; another projector takes over meanwhile.
    return undefined;
  }
}

function describe(status: RewrapperStatus | undefined): string {
  if (status === undefined) return 'no projector is at it yet';
  if (status.role === 'stalled') return `stalled (${status.reason ?? 'unknown'})`;
  if (status.left === undefined || status.left === null) return 'counting';
  return `${status.left.toLocaleString('en')} left`;
}
