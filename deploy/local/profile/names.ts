import { join } from 'node:path';
import { StackError } from '../output/stack-error.ts';

const BASE_PORTS = { local: 8080, test: 9080, bench: 10880 } as const;

/** A stack with its own ports, data and secrets. Two profiles can run side by side. */
export type Profile = keyof typeof BASE_PORTS;

/** The names of all profiles, in the order of their descriptions. */
export const PROFILES: readonly Profile[] = ['local', 'test', 'bench'];

/** The root of this repository. */
export const REPOSITORY = join(import.meta.dirname, '..', '..', '..');

/** Folder of server programs that no system package provides, shared by all profiles. */
export const SERVERS_FOLDER = join(REPOSITORY, '.zameni', 'servers');

/** Folder of programs that people built for the stack, shared by all profiles. */
export const BIN_FOLDER = join(REPOSITORY, '.zameni', 'bin');

/** Returns the folder that holds everything one profile creates. */
export function profileFolder(profile: Profile): string {
  return join(REPOSITORY, '.zameni', profile);
}

/** Returns the first port of a profile. All other ports are offsets from it. */
export function basePort(profile: Profile): number {
  return BASE_PORTS[profile];
}

/** Parses a profile's name, so that a misspelt name stops the start and creates no third stack. */
export function parseProfile(text: string): Profile {
  const profile = PROFILES.find((name) => name === text);
  if (profile === undefined) {
    throw new StackError(`There is no profile "${text}". Profiles: ${PROFILES.join(', ')}.`);
  }
  return profile;
}
