import {
  type AccountFact,
  decodeEvent,
  decodeText,
  factOf,
  parseAttemptRecord,
  parseFarewell,
  parseMailWish,
  parseOrThrow,
  recordKind,
  UnreadableEventError,
  UnreadableRecordError,
} from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { idOf } from '../../records/event-record.ts';
import type { Cause } from '../ledger/message.ts';

/**
 * The mails that a record asks for. What each mail is, and whether it is needed at all, is decided
 * when it is sent. A record that cannot be read asks for one that is never sent, so that it is seen.
 */
export function causesOf(record: LogRecord): readonly Cause[] {
  try {
    return readCauses(record);
  } catch (error) {
    if (!(error instanceof UnreadableRecordError || error instanceof UnreadableEventError))
      throw error;
    const { position } = record;
    const nobody = { userId: null, attemptId: null, mailbox: null };
    return [{ ...nobody, cause: 'unreadable', position, recipient: `record ${position}` }];
  }
}

function readCauses(record: LogRecord): readonly Cause[] {
  const kind = recordKind(record.subject);
  switch (kind) {
    case 'attempt':
      return ofAttempt(record);
    case 'mail-wish': {
      const { claim } = parseOrThrow(parseMailWish, record);
      const recipient = `wish ${record.position}`;
      return [strangersCause(record, { cause: 'mail-wish', recipient, mailbox: claim })];
    }
    case 'farewell':
      return ofFarewell(record);
    case 'account':
      return ofEvent(record);
    case 'claim':
    case 'key':
    case 'deletion':
    case undefined:
      return [];
    default:
      return kind satisfies never;
  }
}

function ofAttempt(record: LogRecord): readonly Cause[] {
  const content = parseOrThrow(parseAttemptRecord, record);
  if (content.state !== 'open') return [];
  const attemptId = idOf(record);
  const recipient = `attempt ${attemptId}`;
  const cause = strangersCause(record, { cause: 'attempt', recipient, mailbox: content.claim });
  return [{ ...cause, attemptId }];
}

function strangersCause(
  { position }: LogRecord,
  fields: Pick<Cause, 'cause' | 'recipient' | 'mailbox'>,
): Cause {
  return { ...fields, position, userId: null, attemptId: null };
}

/** It comes after the other mails of the account, of which none is needed any more. */
function ofFarewell(record: LogRecord): readonly Cause[] {
  parseOrThrow(parseFarewell, record);
  const userId = idOf(record);
  const { position } = record;
  return [
    { cause: 'farewell', position, userId, attemptId: null, recipient: userId, mailbox: null },
  ];
}

function ofEvent(record: LogRecord): readonly Cause[] {
  const event = decodeEvent(decodeText(record.data));
  const fact = factOf(event);
  const { userId } = event.metadata;
  const { position } = record;
  return causesOfFact(fact).map((cause) => {
    // The new mailbox of a change may be bad, which must not hold up mails to the old one.
    const suffix = cause === 'email-change-requested' ? ' new' : '';
    return {
      cause,
      position,
      userId,
      attemptId: null,
      recipient: `${userId}${suffix}`,
      mailbox: null,
    };
  });
}

function causesOfFact(fact: AccountFact): readonly Cause['cause'][] {
  switch (fact.name) {
    case 'registered':
      return fact.data.mail === 'none' ? [] : ['registered'];
    case 'email-verified':
    case 'reactivated':
      return [fact.name];
    case 'deactivated':
      // The owner of the mailbox has said that they have nothing to do with the account.
      return fact.data.address === 'released' ? [] : [fact.name];
    case 'email-change-requested':
      return ['email-change-requested', 'email-change-notice'];
    case 'email-changed':
    case 'email-change-cancelled':
    case 'profile-updated':
    // Its farewell asks for the mail.
    case 'erased':
      return [];
    default:
      return fact satisfies never;
  }
}
