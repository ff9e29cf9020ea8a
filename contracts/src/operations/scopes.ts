/** Every scope of a token, with the permission it gives. */
export const SCOPES = {
  'registrations:write':
    'Register people without proof of their mailboxes, and get the exact outcome',
  'users:import': 'Register many people at once',
  'users:read': 'Read any person',
  'users:write': 'Change the profile and address of any person',
  'users:admin': 'Deactivate and reactivate people',
  'users:erase': 'Erase any person and read the progress of an erasure',
  'stats:read': 'Read counts of registrations, which name nobody',
  'ops:read': 'Read the state of the system, without personal data',
  'ops:write': 'Try parked records and mails again, or discard records',
} as const satisfies Record<string, string>;
export type Scope = keyof typeof SCOPES;
