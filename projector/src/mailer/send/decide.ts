import { Fault } from '@zameni/runtime';
import type { AttemptData, ClaimRecord, OpenAttempt } from '@zameni/contracts';
import type { CauseName, Message } from '../ledger/message.ts';
import type { MadeChange, MailAccount } from './account.ts';

/** A record with its position in the log. */
export type Placed<Content> = { readonly record: Content; readonly position: number };

/** The attempt that a mail is about, while it can be proven. */
export type LiveAttempt = Placed<OpenAttempt> & { readonly id: string; readonly data: AttemptData };

/** The address of an erased person while the log has it, and the language they wanted. */
export type OpenFarewell = { readonly email: string; readonly locale: string };

/** What the log says at the moment of sending. What a mail does not depend on is undefined. */
export type Facts = {
  /** The newest attempt on the mailbox that can be proven, or the one that asked for the mail. */
  readonly attempt?: LiveAttempt | undefined;
  /** The claim on the mailbox. */
  readonly claim?: Placed<ClaimRecord> | undefined;
  /** The account that holds the address, or that the mail is about. */
  readonly account?: { readonly id: string; readonly state: MailAccount } | undefined;
  /** The id of the event that asked for the mail. */
  readonly eventId?: string | undefined;
  /** The farewell that asked for the mail, until it ends. */
  readonly farewell?: OpenFarewell | undefined;
};

/** The mail to send, in terms of the log, or why none is needed. */
export type Decision =
  | { readonly mail: 'confirm-attempt' | 'confirm-mailbox'; readonly attempt: LiveAttempt }
  | { readonly mail: 'holder-unproven' | 'confirm-account'; readonly account: string }
  | {
      readonly mail: 'already-registered' | 'already-registered-deactivated';
      readonly account: string;
    }
  | { readonly mail: 'welcome' | 'deactivated' | 'reactivated'; readonly account: string }
  | { readonly mail: 'changed-notice'; readonly account: string; readonly made: MadeChange }
  | {
      readonly mail: 'confirm-change' | 'change-notice';
      readonly account: string;
      readonly change: string;
    }
  | { readonly mail: 'erased'; readonly farewell: OpenFarewell }
  | { readonly mail: 'none'; readonly reason: string };

/** What events of an account ask for. */
type AccountCause = Exclude<CauseName, 'attempt' | 'mail-wish' | 'farewell' | 'unreadable'>;

/**
 * Decides which mail a message is at the moment of sending, from what the log says then. Nothing is
 * mailed to an erased person but the farewell, nor for an attempt that is proven, ended or void.
 */
export function decideMail(message: Message, facts: Facts): Decision {
  switch (message.cause) {
    case 'attempt':
    case 'mail-wish':
      return decideForMailbox(message, facts);
    case 'farewell': {
      const { farewell } = facts;
      return farewell === undefined ? none('farewell-ended') : { mail: 'erased', farewell };
    }
    case 'unreadable':
      return none('unreadable-record');
    case 'registered':
    case 'email-verified':
    case 'email-change-requested':
    case 'email-change-notice':
    case 'email-changed':
    case 'deactivated':
    case 'reactivated':
      return decideForAccount(message.cause, facts);
    default:
      return message.cause satisfies never;
  }
}

/** A mail to a mailbox of which it is not known whose it is. */
function decideForMailbox({ cause, merged }: Message, facts: Facts): Decision {
  const { attempt, claim, account } = facts;
  if (cause === 'attempt' && attempt === undefined) return none('attempt-ended');
  if (attempt !== undefined && claim !== undefined && erasedAtOf(claim) > attempt.position) {
    return none('attempt-void');
  }
  // Of a former address that is reserved, the owner of the mailbox may prove an attempt later.
  if (claim === undefined || claim.record.state === 'released' || isReserved(claim)) {
    if (attempt === undefined) return none('nothing-to-confirm');
    return { mail: merged > 0 ? 'confirm-mailbox' : 'confirm-attempt', attempt };
  }
  if (account === undefined) throw new Fault('the holder of a claim is not in the log');
  const { id, state } = account;
  if (state.status === 'erased') return none('erased');
  if (!claim.record.verified) {
    if (state.status !== 'active') return none('holder-deactivated');
    // Who wishes for a mail may be the person whom an application has registered.
    return { mail: attempt === undefined ? 'confirm-account' : 'holder-unproven', account: id };
  }
  const isActive = state.status === 'active';
  return { mail: isActive ? 'already-registered' : 'already-registered-deactivated', account: id };
}

function isReserved({ record }: Placed<ClaimRecord>): boolean {
  return record.state === 'held' && record.until !== undefined;
}

/** Returns the position before which attempts on the address are void. */
function erasedAtOf({ record, position }: Placed<ClaimRecord>): number {
  const isErased = record.state === 'released' && record.by === 'erasure';
  return isErased ? position : (record.erasedAt ?? 0);
}

function decideForAccount(cause: AccountCause, { account, eventId }: Facts): Decision {
  if (account === undefined) return none('account-missing');
  const { id, state } = account;
  if (state.status === 'erased') return none('erased');
  switch (cause) {
    case 'registered':
      if (state.isProvenFromStart) return { mail: 'welcome', account: id };
      // The proof asks for a welcome of its own.
      if (state.isProven) return none('proven-since');
      if (!state.holdsAddress) return none('address-disowned');
      if (state.status !== 'active') return none('deactivated');
      return { mail: 'confirm-account', account: id };
    case 'email-verified':
      if (state.status !== 'active') return none('deactivated');
      return { mail: 'welcome', account: id };
    case 'email-change-requested':
    case 'email-change-notice': {
      const { change } = state;
      if (change === undefined || change.id !== eventId) return none('change-ended');
      if (state.status !== 'active') return none('deactivated');
      if (cause === 'email-change-requested')
        return { mail: 'confirm-change', account: id, change: change.id };
      // An unproven mailbox may be somebody else's.
      if (!state.isProven) return none('mailbox-unproven');
      return { mail: 'change-notice', account: id, change: change.id };
    }
    case 'email-changed': {
      // Whoever deactivated the account does not decide whose mailbox it was.
      const made = state.made.find((change) => change.id === eventId);
      return made === undefined
        ? none('change-ended')
        : { mail: 'changed-notice', account: id, made };
    }
    case 'deactivated':
    case 'reactivated':
      if (!state.isProven || !state.holdsAddress) return none('mailbox-unproven');
      if ((state.status === 'deactivated') !== (cause === 'deactivated'))
        return none('state-changed');
      return { mail: cause, account: id };
    default:
      return cause satisfies never;
  }
}

function none(reason: string): Decision {
  return { mail: 'none', reason };
}
