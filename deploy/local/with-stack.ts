import { join } from 'node:path';
import { attemptLifetimeSeconds } from './secrets/attempt-keys.ts';
import { deleteData, createLayout } from './profile/layout.ts';
import type { PartContext } from './parts/context.ts';
import { readGatewaySettings } from './parts/gateway/settings.ts';
import { GATEWAY_OPEN_FILES } from './parts/gateway/config.ts';
import { chooseTelemetry, type TelemetryChoice } from './parts/telemetry/choose.ts';
import { stackParts } from './parts/whole-stack.ts';
import { claimPorts, layOutPorts } from './profile/ports.ts';
import { requireFreePorts } from './profile/port-check.ts';
import { lockFolder } from './profile/lock.ts';
import { basePort, type Profile, profileFolder, SERVERS_FOLDER } from './profile/names.ts';
import { secretFiles } from './secrets/files.ts';
import { probeWholePath } from './parts/probe-whole-path.ts';
import { requireRoom } from './host/disk-room.ts';
import { requireOpenFiles } from './host/open-files.ts';
import { createCompileCaches } from './host/compile-cache.ts';
import { holdUsers } from './host/end-processes.ts';
import { chooseUsers, type Reached } from './host/users.ts';
import { type Killers, type Running, runParts } from './supervisor/run-parts.ts';
import type { Scale } from './profile/scale.ts';
import type { Servers } from './install/find-servers.ts';
import { provideServers } from './install/servers.ts';
import { describeStack } from './parts/describe-stack.ts';
import { type Stack, stackFilePath } from '@zameni/runtime/stack';
import { explainFault } from './output/stack-error.ts';
import { createStackWriter } from './profile/stack-file.ts';
import type { Terminal } from './output/terminal.ts';

/** Which stack to run, and how. */
export type StackOptions = {
  readonly profile: Profile;
  readonly scale: Scale;
  /** Whether to start with empty data. */
  readonly fresh: boolean;
  /** Whether to start what watches the stack too. */
  readonly telemetry: boolean;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly killers: Killers;
};

/** A stack that works from end to end. */
export type RunningStack = { readonly stack: Stack; readonly ended: Running['ended'] };

/** Runs a whole stack around `use`. The exit code is that of `runParts`. */
export async function withStack(
  options: StackOptions,
  use: (running: RunningStack) => Promise<number>,
): Promise<number> {
  const { profile, scale, fresh, telemetry, terminal, signal, killers } = options;
  const folder = profileFolder(profile);
  const lifetimeSeconds = attemptLifetimeSeconds(process.env);
  const gateway = readGatewaySettings(profile, process.env);
  await requireOpenFiles(GATEWAY_OPEN_FILES);
  await using _lock = await lockFolder(folder, profile);
  const ports = layOutPorts(basePort(profile), scale);
  const choice = telemetry ? chooseTelemetry(profile, ports, process.env) : null;
  const claims = claimPorts(ports, telemetry);
  // Also checked before the installation, which takes long and would be useless.
  await requireFreePorts(claims);
  const servers = await provideServers({
    serversFolder: SERVERS_FOLDER,
    withWatchers: telemetry,
    terminal,
    signal,
  });
  const users = await chooseUsers(profile, reachedBy(folder, servers, choice));
  if (users.fault !== null) terminal.line(explainTogether(users.fault));
  // Checked again, because an installation takes long.
  await requireFreePorts(claims);
  signal.throwIfAborted();
  // After the check of the ports, which finds a stack of another clone. Before files are deleted or
  // given away, because a process that an earlier stack left could change them meanwhile.
  await using _users = await holdUsers(users, (fault) => terminal.fault(explainFault(fault)));
  // Last, after every other check that can prevent the start.
  if (fresh) await deleteData(folder);
  await requireRoom(folder);
  const layout = await createLayout(folder, users, { now: new Date(), lifetimeSeconds });
  const context: PartContext = {
    profile,
    ports,
    scale,
    layout,
    servers,
    users,
    gateway,
    telemetry: choice,
  };
  await createCompileCaches(users);
  const parts = await stackParts(context);
  // Awaited here. Otherwise the lock would be released before the stack ends.
  return await runParts(
    { parts, claims, logFolder: layout.logs, terminal, signal, killers },
    async ({ pids, whenRestarted, ended }) => {
      const stack = describeStack(context, pids());
      await terminal.step('the whole path', () =>
        probeWholePath(
          {
            gatewayUrl: stack.gateway.url,
            registrationIdKey: secretFiles(stack.folders.secrets).registrationIdKey,
          },
          signal,
        ),
      );
      const write = createStackWriter(stackFilePath(profile));
      whenRestarted(() => {
        write({ ...stack, pids: pids() }).catch((fault: unknown) => {
          terminal.fault(explainFault(fault));
        });
      });
      await write({ ...stack, pids: pids() });
      return use({ stack, ended });
    },
  );
}

/** What processes of other users read and run. */
function reachedBy(folder: string, servers: Servers, telemetry: TelemetryChoice | null): Reached {
  const { postgres, watchers, ...others } = servers;
  const found = [...Object.values(others), ...Object.values(watchers ?? {})];
  return {
    source: import.meta.filename,
    programs: [
      folder,
      process.execPath,
      join(postgres.folder, 'postgres'),
      ...found.flatMap((server) => server?.path ?? []),
      ...(telemetry?.jaeger ? [telemetry.jaeger] : []),
    ],
  };
}

/** Says that the stack protects less than it could, and why. */
function explainTogether(fault: string): string {
  return `  All services run as root, and each can read the secrets of the others: ${fault}.`;
}
