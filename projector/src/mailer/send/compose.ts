import { parseUserId, type UserId } from '@zameni/contracts';
import type { Proof, VerificationTokens } from '@zameni/runtime';
import type { Mail } from '../mail.ts';
import type { Message } from '../ledger/message.ts';
import type { MadeChange, MailPerson } from './account.ts';
import type { Decision, LiveAttempt } from './decide.ts';
import type { LookedUp } from './look-up.ts';

/** What mails are made with. */
export type ComposeDeps = {
  readonly tokens: VerificationTokens;
  /** Name of the application that people register for. */
  readonly product: string;
  /** URL before `/verify`, without a slash at the end. */
  readonly baseUrl: string;
  /** Milliseconds that the link of an account's mail is valid. An attempt's ends with the attempt. */
  readonly linkLifetimeMs: number;
  readonly now: () => Date;
};

/** A mail, and the address it goes to. */
export type Composed = { readonly to: string; readonly mail: Mail };

/** Makes the mail that was decided on. Undefined if the person was erased meanwhile. */
export async function compose(
  deps: ComposeDeps,
  {
    decision,
    message,
    facts,
  }: {
    readonly decision: Exclude<Decision, { readonly mail: 'none' }>;
    readonly message: Message;
    readonly facts: LookedUp;
  },
  signal: AbortSignal,
): Promise<Composed | undefined> {
  if ('attempt' in decision) return ofAttempt(deps, decision, message);
  if ('farewell' in decision) {
    const { email, locale } = decision.farewell;
    return { to: email, mail: { kind: decision.mail, locale, product: deps.product } };
  }
  const person = await facts.openPerson(signal);
  const state = facts.account?.state;
  const id = parseUserId(decision.account);
  if (person === undefined || state === undefined || id === undefined) return undefined;
  const { displayName, held } = person;
  const common = { locale: state.locale, product: deps.product, displayName };
  const proof = { kind: 'account' as const, id, claim: held.claim, request: state.registration };
  switch (decision.mail) {
    case 'confirm-account': {
      const link = await makeLink(deps, state.locale, proof);
      const { registeredAt: requestedAt } = state;
      return { to: held.email, mail: { ...common, kind: 'confirm-account', ...link, requestedAt } };
    }
    case 'holder-unproven': {
      const attempt = named(facts.attempt);
      const link = await makeLink(deps, state.locale, { ...proof, ...(attempt && { attempt }) });
      const requestedAt = facts.attempt?.record.time ?? message.createdAt.toISOString();
      return { to: held.email, mail: { ...common, kind: 'holder-unproven', ...link, requestedAt } };
    }
    case 'already-registered':
    case 'already-registered-deactivated': {
      const requestedAt = facts.attempt?.record.time ?? message.createdAt.toISOString();
      return { to: held.email, mail: { ...common, kind: decision.mail, requestedAt } };
    }
    case 'welcome':
    case 'deactivated':
    case 'reactivated':
      return { to: held.email, mail: { ...common, kind: decision.mail } };
    case 'changed-notice':
      return ofMadeChange(deps, { made: decision.made, person, state, proof });
    case 'confirm-change':
    case 'change-notice':
      return ofChange(deps, { decision, person, state, proof });
    default:
      return decision satisfies never;
  }
}

/** A mail to the address of an attempt, in the language and under the name that were typed. */
async function ofAttempt(
  deps: ComposeDeps,
  {
    mail: kind,
    attempt,
  }: { readonly mail: 'confirm-attempt' | 'confirm-mailbox'; readonly attempt: LiveAttempt },
  { merged }: Message,
): Promise<Composed | undefined> {
  const id = parseUserId(attempt.id);
  if (id === undefined) return undefined;
  const { record, position, data } = attempt;
  const { time: requestedAt, locale, claim } = record;
  const proof = { kind: 'attempt' as const, id, claim, position };
  const expiresAt = new Date(record.expiresAt);
  const link = { link: await toUrl(deps, locale, proof, expiresAt), expiresAt: record.expiresAt };
  const common = { locale, product: deps.product, requestedAt, ...link };
  if (kind === 'confirm-mailbox') {
    return { to: data.email, mail: { ...common, kind, count: merged + 1 } };
  }
  return { to: data.email, mail: { ...common, kind, displayName: data.displayName } };
}

async function ofChange(
  deps: ComposeDeps,
  {
    decision,
    person,
    state,
    proof,
  }: {
    readonly decision: {
      readonly mail: 'confirm-change' | 'change-notice';
      readonly change: string;
    };
    readonly person: MailPerson;
    readonly state: NonNullable<LookedUp['account']>['state'];
    readonly proof: Extract<Proof, { readonly kind: 'account' }>;
  },
): Promise<Composed | undefined> {
  const wanted = person.wanted.get(decision.change);
  if (wanted === undefined) return undefined;
  const { displayName, held } = person;
  const requestedAt = state.change?.requestedAt ?? '';
  const common = { locale: state.locale, product: deps.product, displayName, requestedAt };
  const ofRequest = { ...proof, request: decision.change };
  if (decision.mail === 'confirm-change') {
    const link = await makeLink(deps, state.locale, { ...ofRequest, claim: wanted.claim });
    return { to: wanted.email, mail: { ...common, kind: 'confirm-change', ...link } };
  }
  // Its claim is the old mailbox's, so it can only cancel the change.
  const link = await makeLink(deps, state.locale, ofRequest);
  const maskedAddress = maskAddress(wanted.email);
  return { to: held.email, mail: { ...common, kind: 'change-notice', ...link, maskedAddress } };
}

/** To the mailbox that a change has left. Its link takes the change back until its time is over. */
async function ofMadeChange(
  { tokens, baseUrl, product }: ComposeDeps,
  {
    made,
    person,
    state,
    proof,
  }: {
    readonly made: MadeChange;
    readonly person: MailPerson;
    readonly state: NonNullable<LookedUp['account']>['state'];
    readonly proof: Extract<Proof, { readonly kind: 'account' }>;
  },
): Promise<Composed | undefined> {
  const { request, madeAt: requestedAt, undoUntil: expiresAt } = made;
  const { locale } = state;
  const left = person.left.get(request);
  const wanted = person.wanted.get(request);
  if (left === undefined || wanted === undefined) return undefined;
  const undo = { ...proof, request, claim: left.claim };
  const link = await toUrl({ tokens, baseUrl }, locale, undo, new Date(expiresAt));
  const maskedAddress = maskAddress(wanted.email);
  const { displayName } = person;
  const told = { displayName, requestedAt, expiresAt, link, maskedAddress };
  return { to: left.email, mail: { kind: 'changed-notice', locale, product, ...told } };
}

function named(attempt: LiveAttempt | undefined): { id: UserId; position: number } | undefined {
  const id = attempt && parseUserId(attempt.id);
  return attempt && id && { id, position: attempt.position };
}

async function makeLink(
  deps: ComposeDeps,
  locale: string,
  proof: Proof,
): Promise<{ readonly link: string; readonly expiresAt: string }> {
  const expiresAt = new Date(deps.now().getTime() + deps.linkLifetimeMs);
  return { link: await toUrl(deps, locale, proof, expiresAt), expiresAt: expiresAt.toISOString() };
}

/**
 * The token is in the fragment, because browsers send it to no server: no access log has it. So is
 * the language of the person.
 */
async function toUrl(
  { tokens, baseUrl }: Pick<ComposeDeps, 'tokens' | 'baseUrl'>,
  locale: string,
  proof: Proof,
  expiresAt: Date,
): Promise<string> {
  return `${baseUrl}/verify#token=${await tokens.issue(proof, expiresAt)}&lang=${encodeURIComponent(locale)}`;
}

/** Shows the first character and the host: enough for the owner, little for somebody else. */
export function maskAddress(email: string): string {
  const at = email.lastIndexOf('@');
  const [first = ''] = email.slice(0, at);
  return `${first}***${email.slice(at)}`;
}
