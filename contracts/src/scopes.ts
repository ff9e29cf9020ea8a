/** Every scope a token can carry, with what it allows. */
export const SCOPES = {
  'registrations:write': 'Register people and learn the exact outcome',
  'users:read': 'Read any person',
} as const satisfies Record<string, string>;
export type Scope = keyof typeof SCOPES;
