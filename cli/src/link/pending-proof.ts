import { factOf, type StoredEvent } from '@zameni/contracts';

/** The address that an account's link proves: that of its registration, or of a change. */
type ProofPurpose = 'registration' | 'email-change';

/** Why an account needs no proof. */
export type NoProof = 'unknown' | 'proven' | 'deactivated' | 'disowned' | 'erased';

/** The event that requires a proof, or why there is none. */
export type PendingProof =
  | { readonly status: 'pending'; readonly purpose: ProofPurpose; readonly event: StoredEvent }
  | { readonly status: NoProof };

/**
 * Finds the pending proof in the events of one account, oldest first. A pending address change is
 * newer than the registration and takes precedence. The command API accepts the proof of either.
 */
export function findPendingProof(events: readonly StoredEvent[]): PendingProof {
  const { change, proof } = readProofs(events);
  if (change === undefined) return proof;
  return { status: 'pending', purpose: 'email-change', event: change };
}

/** Finds the pending proof of the address that an account holds, and ignores a pending change. */
export function findHeldProof(events: readonly StoredEvent[]): PendingProof {
  return readProofs(events).proof;
}

/** Finds the proof of the held address and the pending change. Only active accounts have them. */
function readProofs(events: readonly StoredEvent[]): {
  readonly proof: PendingProof;
  readonly change: StoredEvent | undefined;
} {
  let status: 'unknown' | 'active' | 'deactivated' = 'unknown';
  let holdsAddress = true;
  let registration: StoredEvent | undefined;
  let change: StoredEvent | undefined;
  for (const event of events) {
    const fact = factOf(event);
    switch (fact.name) {
      case 'registered':
        status = 'active';
        registration = fact.data.emailVerified ? undefined : event;
        break;
      case 'email-verified':
        registration = undefined;
        break;
      case 'email-change-requested':
        change = event;
        break;
      case 'email-change-cancelled':
        change = undefined;
        break;
      case 'email-changed':
        holdsAddress = true;
        registration = undefined;
        change = undefined;
        break;
      case 'deactivated':
        status = 'deactivated';
        if (fact.data.address !== undefined) holdsAddress = false;
        break;
      case 'reactivated':
        status = 'active';
        break;
      case 'erased':
        return { proof: { status: 'erased' }, change: undefined };
      case 'profile-updated':
        break;
      default:
        fact satisfies never;
    }
  }
  if (status !== 'active') {
    const reason = status === 'deactivated' && !holdsAddress ? 'disowned' : status;
    return { proof: { status: reason }, change: undefined };
  }
  if (!holdsAddress) return { proof: { status: 'disowned' }, change };
  if (registration === undefined) return { proof: { status: 'proven' }, change };
  return { proof: { status: 'pending', purpose: 'registration', event: registration }, change };
}
