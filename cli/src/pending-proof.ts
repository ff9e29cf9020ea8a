import type { StoredEvent } from '@zameni/contracts';

/** What a link could prove: the mailbox of a registration, or of an address change. */
type ProofPurpose = 'registration' | 'email-change';

/** The proof a person owes, as the event that asked for it; or why there is none to give. */
export type PendingProof =
  | { readonly status: 'pending'; readonly purpose: ProofPurpose; readonly event: StoredEvent }
  | {
      readonly status: 'unknown' | 'refused' | 'proven' | 'superseded' | 'deactivated' | 'erased';
    };

/**
 * Finds the proof that is waited for in the events of one account, oldest first. A pending address
 * change comes before the registration, being the newer one; the command API takes the proof of either.
 */
export function findPendingProof(events: readonly StoredEvent[]): PendingProof {
  let status: 'present' | Exclude<PendingProof['status'], 'pending' | 'proven'> = 'unknown';
  let registration: StoredEvent | undefined;
  let change: StoredEvent | undefined;
  for (const event of events) {
    switch (event.name) {
      case 'registered':
        status = 'present';
        registration = event;
        break;
      case 'registration-refused':
        status = 'refused';
        break;
      case 'email-verified':
        registration = undefined;
        break;
      case 'email-change-requested':
        change = event;
        break;
      case 'email-changed':
        registration = undefined;
        change = undefined;
        break;
      case 'superseded':
      case 'deactivated':
      case 'erased':
        status = event.name;
        break;
      case 'reactivated':
        status = 'present';
        break;
      case 'profile-updated':
      case 'verification-requested':
        break;
      default:
        event.name satisfies never;
    }
  }
  if (status !== 'present') return { status };
  if (change !== undefined) return { status: 'pending', purpose: 'email-change', event: change };
  if (registration === undefined) return { status: 'proven' };
  return { status: 'pending', purpose: 'registration', event: registration };
}
