import type { UpdateUserCommand, UserId } from '@zameni/contracts';
import type { Digests, VerificationTokens } from '@zameni/runtime';
import { type CommitDeps, commitDecision } from '../commit/decide-and-commit.ts';
import { decideUserChange, type UserChange } from '../domain/decide-user-change.ts';
import type { EmailAddress } from '../domain/email-address.ts';
import type { Cause } from '../commit/event-messages.ts';

/** Dependencies of commands on people. */
export type UserCommandDeps = CommitDeps & {
  readonly digests: Digests;
  readonly verificationTokens: VerificationTokens;
};

/** A change of a person as a route requests it. */
export type RequestedChange =
  | {
      readonly type: 'update';
      readonly patch: UpdateUserCommand;
      readonly ifVersions?: readonly number[];
    }
  | { readonly type: 'change-email'; readonly address: EmailAddress }
  | { readonly type: 'deactivate' | 'reactivate'; readonly reasonCode: string }
  | { readonly type: 'erase' };

/** Result of a change: its position, and whether it erased an attempt instead of a person. */
export type Changed = { readonly position: number; readonly isAttempt: boolean };

/** Changes one person. Returns the position that covers the change. Throws the refusal. */
export async function changeUser(
  deps: UserCommandDeps,
  userId: UserId,
  change: RequestedChange,
  cause: Cause,
): Promise<Changed> {
  const isErasure = change.type === 'erase';
  const isReadOfData = change.type !== 'deactivate' && change.type !== 'reactivate';
  let isAttempt = false;
  const { position } = await commitDecision(deps, {
    accounts: [userId],
    ...(isErasure ? { attempts: [userId] } : {}),
    ...(isReadOfData ? { withPerson: userId } : {}),
    claimsOf: (loaded) => {
      const claim = loaded.get(userId)?.person?.data?.claim;
      return isErasure && claim !== undefined ? [claim] : [];
    },
    readsClaims: true,
    decide: (situation, loaded) => {
      const account = loaded.get(userId);
      isAttempt = account?.state.status === 'absent';
      const isFull = account?.isFull === true;
      const person = { userId, data: account?.person?.data, isFull };
      return decideUserChange(toCommand(deps.digests, person, change), situation);
    },
    cause,
  });
  return { position, isAttempt };
}

function toCommand(
  digests: Digests,
  person: Pick<UserChange, 'userId' | 'data' | 'isFull'>,
  change: RequestedChange,
): UserChange {
  if (change.type !== 'change-email') return { ...person, ...change };
  const { typed: email, canonical } = change.address;
  return { ...person, type: 'change-email', email, claim: digests.claimOf(canonical) };
}
