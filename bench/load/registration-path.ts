import type { RegisterCommand } from '@zameni/contracts';

/** The paths to register on: an attempt of the public, or an account that a caller vouches for. */
export const PATHS = ['public', 'vouched'] as const;

/** The path of a measurement's registrations. */
export type RegistrationPath = (typeof PATHS)[number];

/** Returns the credentials for a path. The public has no token. */
export function credentialsOf(path: RegistrationPath, token: string): { readonly token?: string } {
  return path === 'vouched' ? { token } : {};
}

/** Makes a registration of the size in `registrations.lua`. Its address starts with `local`. */
export function toRegistration(local: string): RegisterCommand {
  return {
    email: `${local}@example.org`,
    displayName: 'Vera Marković',
    locale: 'sr-Latn-RS',
    termsVersion: '2026-01',
    profile: { city: 'Niš', newsletter: true },
  };
}
