/**
 * Why a mail is asked for: a record of an attempt, a mail wish, a farewell, or an event of an account.
 * A request to change the address asks for two mails, to the new and to the old mailbox; the change
 * asks for one to the old mailbox.
 */
export type CauseName =
  | 'attempt'
  | 'mail-wish'
  | 'registered'
  | 'email-verified'
  | 'email-change-requested'
  | 'email-change-notice'
  | 'email-changed'
  | 'deactivated'
  | 'reactivated'
  | 'farewell'
  /** A record that this version cannot read. It is kept for an operator to see. */
  | 'unreadable';

/** A mail that a record asks for. */
export type Cause = {
  readonly cause: CauseName;
  /** Position of the record. */
  readonly position: number;
  readonly userId: string | null;
  readonly attemptId: string | null;
  /** Mails with the same recipient are sent in order. */
  readonly recipient: string;
  /** Keyed digest of the address, if strangers can cause the mail. Their mails have a budget. */
  readonly mailbox: string | null;
  /** The instant of the record (RFC 3339); null if it cannot be read. */
  readonly recordAt: string | null;
  /** W3C trace context of the request that caused the record. */
  readonly traceparent: string | null;
};

/** A mail of the ledger that is about to be sent. */
export type Message = Omit<Cause, 'recordAt'> & {
  readonly id: number;
  /** How often it was taken, this time included. Outcomes of an earlier time count no more. */
  readonly takes: number;
  /** How often it was handed to a server before. */
  readonly tries: number;
  /** How often it is sent without knowing whether it was sent before. At most once. */
  readonly repeats: number;
  /** Requests of strangers that this mail answers beside its own. */
  readonly merged: number;
  /** Trace contexts of the requests of those. */
  readonly mergedTraceparents: readonly string[];
  readonly recordAt: Date | null;
  readonly createdAt: Date;
};

/** How an attempt to send a mail ended. */
export type Outcome =
  | { readonly state: 'sent'; readonly kind: string }
  | { readonly state: 'not-needed' | 'abandoned'; readonly kind?: string; readonly reason: string }
  | {
      readonly state: 'waiting';
      readonly kind?: string;
      readonly reason: string;
      readonly delayMs: number;
    }
  /** The server may have taken it. It is repeated once, then `unknown`. */
  | { readonly state: 'doubtful'; readonly kind: string; readonly reason: string };
