import type { UserView } from '@zameni/contracts';
import type { ProjectedEvent } from './projected-event.ts';

/** A person as the read model keeps it: the view, and the position of the last event in it. */
export type UserRow = { readonly view: UserView; readonly position: number };

/** Who owns an address since which position; the highest position wins. */
export type AddressOwnerRow = {
  readonly k: string;
  readonly userId: string;
  readonly position: number;
};

/** The row of a person that an event makes; undefined when it makes none. */
export function toUserRow({ event, metadata, position }: ProjectedEvent): UserRow | undefined {
  switch (event.name) {
    case 'registered':
      return {
        view: {
          userId: metadata.userId,
          email: event.personal.email,
          emailVerified: false,
          displayName: event.personal.displayName,
          locale: event.data.locale,
          termsVersion: event.data.termsVersion,
          profile: event.personal.profile,
          status: 'active',
          registeredAt: metadata.time,
          version: metadata.accountVersion,
        },
        position,
      };
    case 'registration-refused':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** The owner of an address that an event makes; undefined when it makes none. */
export function toAddressOwner(projected: ProjectedEvent): AddressOwnerRow | undefined {
  const { event, metadata, position } = projected;
  switch (event.name) {
    case 'registered':
      return { k: event.personal.claim, userId: metadata.userId, position };
    case 'registration-refused':
      return undefined;
    default:
      return event satisfies never;
  }
}
