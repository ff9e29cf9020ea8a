import type { UserId } from '@zameni/contracts';
import { AppError, type Digests } from '@zameni/runtime';
import { type BeginDeps, beginCommand } from '../commit/begin-command.ts';
import type { Deadline } from '../commit/deadline.ts';
import { type CommitDeps, commitDecision } from '../commit/decide-and-commit.ts';
import type { Plan } from '../commit/decision-intent.ts';
import type { Cause } from '../commit/event-messages.ts';
import { decideRegistration } from '../domain/decide-registration.ts';
import { readFirstAnswer } from '../log/first-answer.ts';
import { fingerprintOf, type RegistrationRequest } from './registration-request.ts';

/** Dependencies of a vouched registration. */
export type RegisterDeps = CommitDeps & BeginDeps & { readonly digests: Digests };

/** The parts of a registration that are not in its body. */
export type RegisterContext = Cause & {
  readonly userId: UserId;
  /** Whether the id comes from an idempotency key. If so, its account may exist already. */
  readonly isRetryable: boolean;
  /** Set if the person must not get mail about it. */
  readonly mail?: 'none';
  /** Set if nobody waits for this registration alone, so that it may take longer. */
  readonly deadline?: Deadline;
};

/**
 * Registers a person for whom the caller vouches. Resolves with the position that covers claim, key
 * and event when all of them are in the log. A retry under the same idempotency key gets the first
 * answer again. Throws `address-taken`, `idempotency-key-reused` for another body, and
 * `user-erased` if the account was erased since.
 */
export async function register(
  deps: RegisterDeps,
  request: RegistrationRequest,
  context: RegisterContext,
): Promise<number> {
  const { userId, isRetryable, mail, deadline = beginCommand(deps) } = context;
  const { address, displayName, locale, termsVersion, profile, emailVerified = false } = request;
  const about = [emailVerified, mail ?? null];
  const fingerprint = fingerprintOf(deps.digests, { userId, isRetryable, request, about });
  const claim = deps.digests.claimOf(address.canonical);
  const command = {
    userId,
    fingerprint,
    locale,
    termsVersion,
    emailVerified,
    ...(mail === undefined ? {} : { mail }),
    personal: { email: address.typed, claim, displayName, profile },
  };
  const plan: Plan = {
    accounts: [],
    newPerson: userId,
    claimsOf: () => [claim],
    readsClaims: false,
    decide: (situation) => decideRegistration(command, situation),
    cause: context,
  };
  const { outcome, position } = await commitDecision(deps, plan, deadline);
  if (outcome === 'commit') return position;
  const first = await deadline.answer(readFirstAnswer(deps, userId, deadline.signal()));
  switch (first.status) {
    case 'registered':
      if (first.fingerprint !== fingerprint) throw new AppError('idempotency-key-reused');
      return first.position;
    case 'erased':
      throw new AppError('user-erased');
    case 'absent':
      // Events are never deleted, so the server that answered does not have this one yet.
      throw new AppError('log-unavailable', { retryAfterSeconds: 1 });
    default:
      return first satisfies never;
  }
}
