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

/** The pending change of an address, and the event by which the account has the present one. */
export type PendingUndo =
  | { readonly status: 'pending'; readonly change: StoredEvent; readonly held: StoredEvent }
  | { readonly status: 'no-change' | 'disowned' };

/** Finds the pending change that the mailbox of the present address may stop. */
export function findPendingUndo(events: readonly StoredEvent[]): PendingUndo {
  const { change, held } = readProofs(events);
  if (change === undefined) return { status: 'no-change' };
  return held === undefined ? { status: 'disowned' } : { status: 'pending', change, held };
}

/**
 * Finds the proof of the held address, the pending change, and the event that gave the address.
 * Only active accounts have them.
 */
function readProofs(events: readonly StoredEvent[]): {
  readonly proof: PendingProof;
  readonly change: StoredEvent | undefined;
  readonly held?: StoredEvent | undefined;
} {
  let status: 'unknown' | 'active' | 'deactivated' = 'unknown';
  let held: StoredEvent | undefined;
  let registration: StoredEvent | undefined;
  let change: StoredEvent | undefined;
  for (const event of events) {
    const fact = factOf(event);
    switch (fact.name) {
      case 'registered':
        status = 'active';
        held = event;
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
        held = event;
        registration = undefined;
        change = undefined;
        break;
      case 'deactivated':
        status = 'deactivated';
        if (fact.data.address !== undefined) held = undefined;
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
    const isDisowned = status === 'deactivated' && held === undefined;
    const reason = isDisowned ? 'disowned' : status;
    return { proof: { status: reason }, change: undefined };
  }
  if (held === undefined) return { proof: { status: 'disowned' }, change };
  if (registration === undefined) return { proof: { status: 'proven' }, change, held };
  const proof = { status: 'pending', purpose: 'registration', event: registration } as const;
  return { proof, change, held };
}
