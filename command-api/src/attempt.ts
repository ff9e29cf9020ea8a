import type { AttemptData, AttemptRecord, ClosedAttempt, UserId } from '@zameni/contracts';

/** What the log says of one attempt at an instant. */
export type AttemptState = { readonly state: 'absent' } | OpenState | ClosedState;

/** An attempt that awaits proof. */
export type OpenState = {
  readonly state: 'open';
  readonly position: number;
  readonly claim: string;
  readonly expiresAt: string;
  readonly data: AttemptData;
};

/** An attempt that was closed before its instant. */
export type ClosedState = {
  readonly state: 'closed';
  /** The position of the attempt that was closed. */
  readonly of: number;
  readonly by: ClosedAttempt['by'];
  readonly userId: UserId | undefined;
};

/** An attempt that nothing is known of, or that is over. */
export const absentAttempt: AttemptState = { state: 'absent' };

/** The newest record of an attempt as it lies in the log. */
export type AttemptInLog = { readonly record: AttemptRecord; readonly position: number };

/**
 * What the newest record of an attempt means. Its own instant decides, whatever a server still shows;
 * an attempt whose key is destroyed is over too.
 */
export function toAttemptState(
  { record, position }: AttemptInLog,
  { now, open }: { readonly now: string; readonly open: () => AttemptData | undefined },
): AttemptState {
  // Instants have one form, so their order is that of their texts.
  if (record.expiresAt <= now) return absentAttempt;
  if (record.state === 'closed') {
    // The schema of the record has checked the form of the id.
    const userId = record.userId as UserId | undefined;
    return { state: 'closed', of: record.attempt, by: record.by, userId };
  }
  const data = open();
  if (data === undefined) return absentAttempt;
  return { state: 'open', position, claim: record.claim, expiresAt: record.expiresAt, data };
}
