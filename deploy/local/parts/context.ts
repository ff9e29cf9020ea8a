import { compileCacheEnvironment } from '../host/compile-cache.ts';
import type { RunAs } from '../host/launch.ts';
import type { Users } from '../host/users.ts';
import type { Servers } from '../install/find-servers.ts';
import type { Layout } from '../profile/layout.ts';
import type { Profile } from '../profile/names.ts';
import type { Ports } from '../profile/ports.ts';
import type { Scale } from '../profile/scale.ts';
import type { GatewaySettings } from './gateway/settings.ts';
import type { TelemetryChoice } from './telemetry/choose.ts';

/** Context from which every part of a stack is created. */
export type PartContext = {
  readonly profile: Profile;
  readonly ports: Ports;
  readonly scale: Scale;
  readonly layout: Layout;
  readonly servers: Servers;
  /** Who runs which process. */
  readonly users: Users;
  /** What of the gateway can be chosen. */
  readonly gateway: GatewaySettings;
  /** Null if nothing watches the stack. */
  readonly telemetry: TelemetryChoice | null;
};

/** Returns the environment of a server: PATH, and nothing that could change its behaviour. */
export function serverEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', TZ: 'UTC' };
}

/** Returns the same for a program of Node, with a cache of its user's own. */
export function nodeEnvironment(runAs: RunAs | undefined): Record<string, string> {
  return { ...serverEnvironment(), ...compileCacheEnvironment(runAs) };
}
