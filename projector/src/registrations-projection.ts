import type { RegistrationOutcome } from '@zameni/contracts';
import type { ProjectedEvent } from './projected-event.ts';

/** How a registration ended, and the position of the event that ended it. */
export type RegistrationRow = {
  readonly registrationId: string;
  readonly outcome: RegistrationOutcome;
  readonly position: number;
};

/** The row of a registration that an event makes; undefined when it makes none. */
export function toRegistrationRow(projected: ProjectedEvent): RegistrationRow | undefined {
  const { event, metadata, position } = projected;
  switch (event.name) {
    case 'registered':
      return {
        registrationId: metadata.userId,
        outcome: { result: 'registered', userId: metadata.userId },
        position,
      };
    case 'registration-refused':
      return {
        registrationId: metadata.userId,
        outcome: { result: 'refused', reason: event.data.reason },
        position,
      };
    default:
      return event satisfies never;
  }
}
