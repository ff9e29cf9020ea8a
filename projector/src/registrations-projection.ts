import type { RegistrationOutcome } from '@zameni/contracts';
import type { ProjectedEvent } from './projected-event.ts';

/** How a registration stands, and the position of the event that says so. */
export type RegistrationRow = {
  readonly registrationId: string;
  readonly outcome: RegistrationOutcome;
  readonly position: number;
};

/** The row of a registration after an event; undefined when the event says nothing of it. */
export function toRegistrationRow(projected: ProjectedEvent): RegistrationRow | undefined {
  const outcome = toOutcome(projected);
  if (outcome === undefined) return undefined;
  return { registrationId: projected.metadata.userId, outcome, position: projected.position };
}

/** Outcomes are facts in clear: an erasure leaves them as they are. */
function toOutcome({ event, metadata }: ProjectedEvent): RegistrationOutcome | undefined {
  switch (event.name) {
    case 'registered':
      return event.data.standing === 'held'
        ? { result: 'registered', userId: metadata.userId }
        : { result: 'pending' };
    case 'registration-refused':
      return { result: 'refused', reason: event.data.reason };
    case 'email-verified':
      return { result: 'registered', userId: metadata.userId };
    case 'superseded':
      return { result: 'superseded' };
    case 'verification-requested':
    case 'profile-updated':
    case 'email-change-requested':
    case 'email-changed':
    case 'deactivated':
    case 'reactivated':
    case 'erased':
      return undefined;
    default:
      return event satisfies never;
  }
}
