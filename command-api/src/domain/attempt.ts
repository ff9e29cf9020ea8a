import type { AttemptData, AttemptRecord, ClosedAttempt, UserId } from '@zameni/contracts';

/** State of one attempt at a time. */
export type AttemptState =
  | { readonly state: 'absent' }
  | OpenState
  | OverState
  | VoidState
  | ClosedState;

/** The last record of an attempt. A change of the attempt deletes it. */
export type LastRecord = {
  readonly position: number;
  /** The position of the attempt itself. */
  readonly of: number;
  readonly expiresAt: string;
};

/** An attempt that awaits proof. */
export type OpenState = LastRecord &
  Secrets & {
    readonly state: 'open';
    readonly claim: string;
    readonly locale: string;
    readonly requestedAt: string;
  };

/** The sealed part of an attempt. */
type Secrets = { readonly data: AttemptData; readonly fingerprint: string };

/** An attempt whose key is gone, or that is past its instant and still in the log. */
export type OverState = LastRecord & { readonly state: 'over' };

/** An attempt from before an erasure of its address. */
export type VoidState = LastRecord & { readonly state: 'void' };

/** An attempt that was closed before its instant. */
export type ClosedState = LastRecord & {
  readonly state: 'closed';
  readonly by: ClosedAttempt['by'];
  readonly userId: UserId | undefined;
};

/** State of an attempt without a record. */
export const absentAttempt: AttemptState = { state: 'absent' };

/** The newest record of an attempt, as stored in the log. */
export type AttemptInLog = { readonly record: AttemptRecord; readonly position: number };

/**
 * Interprets the newest record of an attempt. Its instant decides, even if a server still has it.
 */
export function toAttemptState(
  { record, position }: AttemptInLog,
  { now, open }: { readonly now: string; readonly open: () => Secrets | undefined },
): AttemptState {
  const { expiresAt } = record;
  // All times have one form, so their texts sort like them.
  const isOver = expiresAt <= now;
  switch (record.state) {
    case 'open': {
      const last = { position, of: position, expiresAt };
      const secrets = isOver ? undefined : open();
      if (secrets === undefined) return { state: 'over', ...last };
      const { claim, locale, time: requestedAt } = record;
      return { state: 'open', ...last, claim, locale, requestedAt, ...secrets };
    }
    case 'closed': {
      // A repeated erasure changes nothing, so the erasure must stay known.
      if (isOver && record.by !== 'erasure') return absentAttempt;
      // The schema of the record has checked the form of the id.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const userId = record.userId as UserId | undefined;
      return { state: 'closed', position, of: record.attempt, expiresAt, by: record.by, userId };
    }
    case 'void':
      return isOver ? absentAttempt : { state: 'void', position, of: record.attempt, expiresAt };
    default:
      return record satisfies never;
  }
}
