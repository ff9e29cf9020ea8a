import { join } from 'node:path';
import { StackError } from '../output/stack-error.ts';

const BASE_PORTS = { local: 8080, test: 9080, bench: 10880 } as const;

/** A stack of its own: own ports, own data, own secrets, so that two may run side by side. */
export type Profile = keyof typeof BASE_PORTS;

/** The names of all profiles, in the order they are explained. */
export const PROFILES: readonly Profile[] = ['local', 'test', 'bench'];

/** The repository this file belongs to. */
export const REPOSITORY = join(import.meta.dirname, '..', '..', '..');

/** Where server programs that no system package provides are kept, shared by all profiles. */
export const SERVERS_FOLDER = join(REPOSITORY, '.zameni', 'servers');

/** The folder that holds everything one profile creates. */
export function profileFolder(profile: Profile): string {
  return join(REPOSITORY, '.zameni', profile);
}

/** The first port of a profile; every other port is an offset from it. */
export function basePort(profile: Profile): number {
  return BASE_PORTS[profile];
}

/** Reads a profile's name, so that a misspelt one stops the start instead of making a third stack. */
export function parseProfile(text: string): Profile {
  const profile = PROFILES.find((name) => name === text);
  if (profile === undefined) {
    throw new StackError(`There is no profile "${text}". Profiles: ${PROFILES.join(', ')}.`);
  }
  return profile;
}
