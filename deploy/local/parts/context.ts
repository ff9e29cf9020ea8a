import type { RunAs } from '../host/launch.ts';
import type { Servers } from '../install/find-servers.ts';
import type { Layout } from '../profile/layout.ts';
import type { Ports } from '../profile/ports.ts';
import type { Profile } from '../profile/profile.ts';
import type { Scale } from '../profile/scale.ts';

/** What every part of a stack is made from. */
export type PartContext = {
  readonly profile: Profile;
  readonly ports: Ports;
  readonly scale: Scale;
  readonly layout: Layout;
  readonly servers: Servers;
  /** The user that Postgres and PgBouncer run as, when this process is root. */
  readonly databaseUser: RunAs | undefined;
};

/** The environment of a server: where programs are, and nothing that could steer it. */
export function serverEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', TZ: 'UTC' };
}
