import type { VerificationPreview } from '@zameni/contracts';
import { AppError, type Proof } from '@zameni/runtime';
import { beginCommand } from '../commit/begin-command.ts';
import type { Deadline } from '../commit/deadline.ts';
import { decideOnly, type Input } from '../commit/decide-only.ts';
import type { UntracedCause } from '../commit/publish.ts';
import { kindOfLink } from '../domain/decide-account-proof.ts';
import { attemptIn } from '../domain/decision.ts';
import { previewProof, type ProofPreview } from '../domain/preview-proof.ts';
import type { LoadedAccount } from '../log/account-reader.ts';
import type { UserCommandDeps } from './user-commands.ts';
import { openToken, toPlan } from './verify-email.ts';

/** The part of a preview that describes whose mailbox the link proves. */
type About = Omit<VerificationPreview, 'state' | 'holder' | 'mustSupply'>;

/**
 * Tells what the token of a link is for and what its use would do now. The proof is decided as if
 * the token were used, and nothing is appended. Throws `invalid-verification-token`.
 */
export async function previewVerification(
  deps: UserCommandDeps,
  token: string,
  untraced: UntracedCause,
): Promise<VerificationPreview> {
  const deadline = beginCommand(deps);
  // Nothing is appended, so no record carries a trace context.
  const cause = { ...untraced, traceparent: undefined };
  const proof = await openToken(deps, token);
  const consider = (input: Input) => {
    const previewed = previewProof((said) =>
      toPlan(proof, said, cause).decide(input.situation, input.accounts),
    );
    if (previewed.outcome === 'look') return previewed;
    return { outcome: 'result', result: { previewed, input } } as const;
  };
  const plan = toPlan(proof, {}, cause);
  const deciding = decideOnly(deps, plan, consider, deadline.signal());
  const { previewed, input } = await deadline.answer(deciding);
  if (previewed.outcome === 'refused') throw new AppError(previewed.code);
  const { state, holder, mustSupply } = previewed;
  const about =
    proof.kind === 'attempt'
      ? await deadline.answer(aboutAttempt(deps, { proof, deadline }, previewed, input))
      : aboutAccount(proof, input.accounts.get(proof.id));
  return { ...about, state, holder, mustSupply };
}

type ProofOf<Kind extends Proof['kind']> = Extract<Proof, { readonly kind: Kind }>;

/** The data of an attempt is deleted when it is proven. Then the account has it. */
async function aboutAttempt(
  deps: UserCommandDeps,
  { proof, deadline }: { readonly proof: ProofOf<'attempt'>; readonly deadline: Deadline },
  { subject = proof.id }: ProofPreview,
  { situation }: Input,
): Promise<About> {
  const { id, claim } = proof;
  const attempt = attemptIn(situation, id);
  if (attempt.state === 'open') {
    const { locale, requestedAt, data } = attempt;
    const { email, displayName, termsVersion } = data;
    return { kind: 'registration', email, displayName, locale, termsVersion, requestedAt };
  }
  const account = await deps.loadAccount(subject, { withPerson: true }, deadline.signal());
  return { kind: 'registration', ...personAt(account, claim) };
}

function aboutAccount(
  { claim, request }: ProofOf<'account'>,
  account: LoadedAccount | undefined,
): About {
  if (account === undefined || !('registration' in account.state)) return gone();
  const { state, person, timeOf } = account;
  const kind = kindOfLink(state, { claim, request, data: person?.data });
  const time = timeOf(request);
  switch (kind) {
    case 'account':
      return { kind, ...personAt(account, claim), ...(time && { registeredAt: time }) };
    case 'email-change': {
      const about = { kind, ...personAt(account, claim), ...(time && { requestedAt: time }) };
      const data = state.change === request ? person?.data : undefined;
      if (data?.wanted?.claim !== claim) return about;
      // Until it is proven, the account holds another address.
      return { ...about, email: data.wanted.email, displayName: data.displayName };
    }
    case 'undo-change':
      return { kind, ...personAt(account, claim), ...(time && { requestedAt: time }) };
    case undefined:
      return gone();
    default:
      return kind satisfies never;
  }
}

/** The person's data. An old link of an address that is not theirs any more shows none of it. */
function personAt(
  { state, person }: LoadedAccount,
  claim: string,
): Pick<VerificationPreview, 'locale' | 'email' | 'displayName'> {
  if (person?.data === undefined || !('registration' in state)) return gone();
  const { locale, email, displayName } = person.data;
  const isTheirs = state.holdsAddress && person.data.claim === claim;
  return isTheirs ? { locale, email, displayName } : { locale };
}

/** The account was erased since it was decided. */
function gone(): never {
  throw new AppError('invalid-verification-token');
}
