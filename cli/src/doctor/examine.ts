import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stack } from '@zameni/runtime/stack';
import type { Connection } from '../framework/connection.ts';
import { checkDatabase } from './database.ts';
import { checkLog } from './log.ts';
import { checkMachine } from './machine.ts';
import { checkRedis } from './redis.ts';
import { type Check, check, type DoctorReport } from './report.ts';
import { checkServices } from './services.ts';
import { checkTelemetry } from './telemetry.ts';

/** Subjects of the examination. */
export type DoctorOptions = {
  readonly profile: Stack['profile'];
  /** The description of the local stack. Undefined if it was never started. */
  readonly stack: Stack | undefined;
  /** Undefined if there is neither a local stack nor a `--url`. */
  readonly connection: Connection | undefined;
};

/** Runs all checks concurrently. If the stack does not run, its checks are left out. */
export async function examine(options: DoctorOptions): Promise<DoctorReport> {
  const { profile, stack, connection } = options;
  const isRunning = stack !== undefined && (await isAlive(stack));
  const isElsewhere = connection !== undefined && connection.stack === undefined;
  const running = isRunning ? stack : undefined;
  const checks = await Promise.all([
    ...checkMachine(running),
    ...(isElsewhere && !isRunning ? [] : [checkRunning(profile, running)]),
    ...(running === undefined ? [] : [...checkLog(running), ...checkDatabase(running)]),
    ...(running === undefined ? [] : checkRedis(running)),
    ...(running === undefined || running.telemetry === null
      ? []
      : checkTelemetry(running.telemetry, running.folders.logs)),
  ]);
  const asked = isRunning || isElsewhere ? connection : undefined;
  const services = asked === undefined ? [] : await checkServices(asked);
  const all = [...checks, ...services];
  return {
    profile,
    isHealthy: all.every(({ level }) => level !== 'fail'),
    isStackRunning: isRunning,
    checks: all,
  };
}

function checkRunning(profile: Stack['profile'], running: Stack | undefined): Promise<Check> {
  const remedy =
    profile === 'local' ? 'npm start' : `the stack of ${profile} runs only during its run`;
  return check({
    area: 'stack',
    name: profile,
    remedy,
    look: () =>
      running === undefined
        ? { level: 'fail', found: 'is not running, so its parts are not checked', remedy }
        : `supervisor ${running.supervisorPid}, since ${running.startedAt}`,
  });
}

/** Whether the supervisor that described the stack still runs and holds its lock. */
async function isAlive({ supervisorPid, folders }: Stack): Promise<boolean> {
  const lock = await readFile(join(folders.root, 'supervisor.lock'), 'utf8').catch(() => '');
  if (!lock.startsWith(`${supervisorPid} `)) return false;
  try {
    process.kill(supervisorPid, 0);
    return true;
  } catch (error) {
    // The process runs and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
