import type { EventName } from './events.ts';

type Fields = Record<string, unknown>;

/** Lifts the fields of one version of an event to the next version. */
export type Upcaster = {
  readonly clear: (data: Fields) => Fields;
  readonly personal: (personal: Fields) => Fields;
};

/** For each event the upcasters from version 1 on: entry 0 lifts version 1 to 2. */
const upcasters: Readonly<Record<EventName, readonly Upcaster[]>> = {
  registered: [
    {
      // Before version 2 whoever met a held address was refused, so every person held her own.
      clear: (data) => ({ ...data, standing: 'held' }),
      personal: (personal) => personal,
    },
  ],
  'registration-refused': [],
  superseded: [],
  'verification-requested': [],
  'email-verified': [],
  'profile-updated': [],
  'email-change-requested': [],
  'email-changed': [],
  deactivated: [],
  reactivated: [],
  erased: [],
};

/** The upcasters that lift an event from `version` to the current one, in order. */
export function upcastersOf(name: EventName, version: number): readonly Upcaster[] {
  return upcasters[name].slice(version - 1);
}
