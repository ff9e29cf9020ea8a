import type { UpdateUserCommand, UserId } from '@zameni/contracts';
import { changeKeyOf, type Digests, type VerificationTokens } from '@zameni/runtime';
import { type BeginDeps, beginCommand } from '../commit/begin-command.ts';
import { type CommitDeps, commitDecision } from '../commit/decide-and-commit.ts';
import type { Plan } from '../commit/decision-intent.ts';
import { formerAddresses } from '../domain/account.ts';
import { type Decision, refuse } from '../domain/decision.ts';
import { decideUserChange, type UserChange } from '../domain/decide-user-change.ts';
import type { EmailAddress } from '../domain/email-address.ts';
import type { Cause } from '../commit/event-messages.ts';

/** Dependencies of commands on people. */
export type UserCommandDeps = CommitDeps &
  BeginDeps & {
    readonly digests: Digests;
    readonly verificationTokens: VerificationTokens;
  };

/** A change of a person as a route requests it. */
export type RequestedChange =
  | { readonly type: 'update'; readonly patch: UpdateUserCommand }
  | { readonly type: 'change-email'; readonly address: EmailAddress }
  | { readonly type: 'deactivate' | 'reactivate'; readonly reasonCode: string }
  | { readonly type: 'erase' };

/** What the headers of a request say about its change. */
export type ChangeConditions = {
  /** The versions that `If-Match` allows. Any if it is left out. */
  readonly ifVersions?: readonly number[];
  readonly idempotencyKey?: string;
};

/** Result of a change: its position, and whether it erased an attempt instead of a person. */
export type Changed = { readonly position: number; readonly isAttempt: boolean };

/** One request for a change: of whom, what, on which conditions, and by whom. */
export type ChangeRequest = {
  readonly userId: UserId;
  readonly change: RequestedChange;
  /** Whether the caller is the person, without the scope for it. */
  readonly isOwn: boolean;
  readonly conditions: ChangeConditions;
  readonly cause: Cause;
};

/**
 * Changes one person. Returns the position that covers the change. Throws the refusal. With an
 * idempotency key the event gets an id that a retry finds, before any condition is checked: the
 * first request may have been answered 503 and be in the log all the same.
 */
export async function changeUser(
  deps: UserCommandDeps,
  { userId, change, isOwn, conditions, cause }: ChangeRequest,
): Promise<Changed> {
  const eventId = toEventId(deps.digests, { userId, change, conditions, cause });
  const isErasure = change.type === 'erase';
  const isReadOfData = change.type !== 'deactivate' && change.type !== 'reactivate';
  let isAttempt = false;
  const plan: Plan = {
    accounts: [userId],
    ...(isErasure ? { attempts: [userId] } : {}),
    ...(isReadOfData ? { withPerson: userId } : {}),
    claimsOf: (loaded) => {
      const data = loaded.get(userId)?.person?.data;
      if (!isErasure || data === undefined) return [];
      return [data.claim, ...formerAddresses(data).map(({ claim }) => claim)];
    },
    readsClaims: true,
    decide: (situation, loaded) => {
      const account = loaded.get(userId);
      isAttempt = account?.state.status === 'absent';
      const repeated = findRepeat(account?.eventIds ?? [], eventId);
      if (repeated !== undefined) return repeated;
      const isFull = account?.isFull === true;
      const { ifVersions } = conditions;
      const person = {
        userId,
        data: account?.person?.data,
        isFull,
        isOwn,
        now: cause.time,
        ...(ifVersions === undefined ? {} : { ifVersions }),
      };
      return decideUserChange(toCommand(deps.digests, person, change), situation);
    },
    cause: eventId === undefined ? cause : { ...cause, eventId },
  };
  const { position } = await commitDecision(deps, plan, beginCommand(deps));
  return { position, isAttempt };
}

/** The id of the event that a keyed change makes. Undefined without a key. */
function toEventId(
  digests: Digests,
  { userId, change, conditions, cause }: Omit<ChangeRequest, 'isOwn'>,
): string | undefined {
  const { idempotencyKey } = conditions;
  if (idempotencyKey === undefined) return undefined;
  const { type, id } = cause.actor;
  return digests.changeIdOf(`${userId}\n${type}:${id}`, idempotencyKey, canonicalText(change));
}

/** The answer to a change that an account has an event of already, or has of another body. */
function findRepeat(
  eventIds: readonly string[],
  eventId: string | undefined,
): Decision | undefined {
  if (eventId === undefined) return undefined;
  const known = eventIds.find((id) => changeKeyOf(id) === changeKeyOf(eventId));
  if (known === undefined) return undefined;
  return known === eventId ? { outcome: 'unchanged' } : refuse('idempotency-key-reused');
}

/** A change as text that is equal for equal changes, in any order of their fields. */
function canonicalText(change: RequestedChange): string {
  return JSON.stringify(change, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

function toCommand(
  digests: Digests,
  person: Pick<UserChange, 'userId' | 'data' | 'isFull' | 'isOwn' | 'now'>,
  change: RequestedChange,
): UserChange {
  if (change.type !== 'change-email') return { ...person, ...change };
  const { typed: email, canonical } = change.address;
  return { ...person, type: 'change-email', email, claim: digests.claimOf(canonical) };
}
