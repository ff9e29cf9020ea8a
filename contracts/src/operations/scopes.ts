/** Every scope a token can carry, with what it allows. */
export const SCOPES = {
  'registrations:write':
    'Register people without proof of their mailboxes, and learn the exact outcome',
  'users:import': 'Register many people at once',
  'users:read': 'Read any person',
  'users:write': 'Change the profile and address of any person',
  'users:admin': 'Deactivate and reactivate people',
  'users:erase': 'Erase any person and see how far an erasure has come',
} as const satisfies Record<string, string>;
export type Scope = keyof typeof SCOPES;
