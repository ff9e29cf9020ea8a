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
  const { position, traceparent = null } = record;
  return wantedBy(record).map((wanted) => ({ ...wanted, position, traceparent }));
}

type Wanted = Omit<Cause, 'position' | 'traceparent'>;

/** A mail that is for nobody whom this version knows. */
const NOBODY = { userId: null, attemptId: null, mailbox: null } as const;

function wantedBy(record: LogRecord): readonly Wanted[] {
  try {
    return readWanted(record);
  } catch (error) {
    if (!(error instanceof UnreadableRecordError || error instanceof UnreadableEventError))
      throw error;
    const recipient = `record ${record.position}`;
    return [{ ...NOBODY, cause: 'unreadable', recipient, recordAt: null }];
  }
}

function readWanted(record: LogRecord): readonly Wanted[] {
  const kind = recordKind(record.subject);
  switch (kind) {
    case 'attempt':
      return ofAttempt(record);
    case 'mail-wish': {
      const { claim: mailbox, time: recordAt } = parseOrThrow(parseMailWish, record);
      const recipient = `wish ${record.position}`;
      return [{ ...NOBODY, cause: 'mail-wish', recipient, mailbox, recordAt }];
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

function ofAttempt(record: LogRecord): readonly Wanted[] {
  const content = parseOrThrow(parseAttemptRecord, record);
  if (content.state !== 'open') return [];
  const { claim: mailbox, time: recordAt } = content;
  const attemptId = idOf(record);
  const recipient = `attempt ${attemptId}`;
  return [{ ...NOBODY, cause: 'attempt', attemptId, recipient, mailbox, recordAt }];
}

/**
 * It comes after the other mails of the account, of which none is needed any more. A former mailbox may
 * be bad, which must not hold up the mail to the other.
 */
function ofFarewell(record: LogRecord): readonly Wanted[] {
  const { time: recordAt, userId: formerOf } = parseOrThrow(parseFarewell, record);
  const id = idOf(record);
  const userId = formerOf ?? id;
  const recipient = formerOf === undefined ? userId : `${userId} former ${id}`;
  return [{ ...NOBODY, cause: 'farewell', userId, recipient, recordAt }];
}

/** Another mailbox than the account's may be bad, which must not hold up mails to that one. */
const OTHER_MAILBOX: Partial<Record<Cause['cause'], string>> = {
  'email-change-requested': ' new',
  'email-changed': ' old',
};

function ofEvent(record: LogRecord): readonly Wanted[] {
  const event = decodeEvent(decodeText(record.data));
  const { userId, time: recordAt } = event.metadata;
  return causesOfFact(factOf(event)).map((cause) => {
    return {
      ...NOBODY,
      cause,
      userId,
      recipient: `${userId}${OTHER_MAILBOX[cause] ?? ''}`,
      recordAt,
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
      return fact.data.undoUntil === undefined ? [] : [fact.name];
    case 'email-change-cancelled':
    case 'profile-updated':
    // Its farewell asks for the mail.
    case 'erased':
      return [];
    default:
      return fact satisfies never;
  }
}
