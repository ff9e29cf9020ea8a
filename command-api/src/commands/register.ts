import type { UserId } from '@zameni/contracts';
import { AppError, type Digests } from '@zameni/runtime';
import { type CommitDeps, commitDecision } from '../commit/commit-decision.ts';
import type { Cause } from '../commit/event-messages.ts';
import { decideRegistration } from '../domain/decide-registration.ts';
import { readFirstAnswer } from '../log/first-answer.ts';
import { fingerprintOf, type RegistrationRequest } from './registration-request.ts';

/** What registering somebody who is vouched for needs of the outside. */
export type RegisterDeps = CommitDeps & { readonly digests: Digests };

/** A registration with everything that is not in its body. */
export type RegisterContext = Cause & {
  readonly userId: UserId;
  /** Whether the id comes from an idempotency key, so that its account may exist already. */
  readonly isRetryable: boolean;
  /** Set when the person is not to be mailed about it. */
  readonly mail?: 'none';
};

/**
 * Registers a person for whom the caller vouches: claim, key and event lie in the log together before
 * this resolves with the position that covers them. A retry under the same idempotency key gets the
 * first answer again. Throws `address-taken`, `idempotency-key-reused` for another body, and
 * `user-erased` where the account has been erased since.
 */
export async function register(
  deps: RegisterDeps,
  request: RegistrationRequest,
  context: RegisterContext,
): Promise<number> {
  const { userId, isRetryable, mail } = context;
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
  const { outcome, position } = await commitDecision(deps, {
    accounts: [],
    newPerson: userId,
    claimsOf: () => [claim],
    readsClaims: false,
    decide: (situation) => decideRegistration(command, situation),
    cause: context,
  });
  if (outcome === 'commit') return position;
  const first = await readFirstAnswer(deps, userId);
  switch (first.status) {
    case 'registered':
      if (first.fingerprint !== fingerprint) throw new AppError('idempotency-key-reused');
      return first.position;
    case 'erased':
      throw new AppError('user-erased');
    case 'absent':
      // Events never go away, so this is a server that does not know better yet.
      throw new AppError('log-unavailable', { retryAfterSeconds: 1 });
    default:
      return first satisfies never;
  }
}
