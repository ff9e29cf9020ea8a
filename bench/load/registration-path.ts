import type { RegisterCommand } from '@zameni/contracts';

/** The ways to register: an attempt of the public, an account that a caller vouches for. */
export const PATHS = ['public', 'vouched'] as const;

/** The way registrations of a measurement take. */
export type RegistrationPath = (typeof PATHS)[number];

/** What to send along on a path: the public has no token. */
export function credentialsOf(path: RegistrationPath, token: string): { readonly token?: string } {
  return path === 'vouched' ? { token } : {};
}

/** A registration of the same size as those of `registrations.lua`; the address begins with `local`. */
export function toRegistration(local: string): RegisterCommand {
  return {
    email: `${local}@example.org`,
    displayName: 'Vera Marković',
    locale: 'sr-Latn-RS',
    termsVersion: '2026-01',
    profile: { city: 'Niš', newsletter: true },
  };
}
