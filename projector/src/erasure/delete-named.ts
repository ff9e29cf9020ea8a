import { type DeletionRecord, subjects, UnreadableRecordError } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import type { AddressAttempts } from './address-attempts.ts';
import { clearErasedAt } from './clear-erased-at.ts';
import type { CoveredPosition } from './covered-position.ts';
import type { DeletionTurns } from './deletion-turns.ts';
import { type JudgeDeps, judgeRecord } from './judge-record.ts';
import type { ServersBehind } from './servers-behind.ts';
import type { EraserStore, NotedErasure } from './store.ts';
import type { VoidAttemptDeps } from './void-attempt.ts';

/** Dependencies of one deletion; `questions` also bounds concurrent queries to the database. */
export type DeleteNamedDeps = VoidAttemptDeps &
  JudgeDeps & {
    readonly store: Pick<EraserStore, 'noteErasure'>;
    readonly turns: DeletionTurns;
    readonly covered: CoveredPosition;
    readonly onAddresses: AddressAttempts;
    readonly behind: ServersBehind;
    readonly signal: AbortSignal;
  };

/** A deletion record that is not done; `content` is undefined if the record is unreadable. */
export type OpenRecord = {
  readonly record: LogRecord;
  readonly content: DeletionRecord | undefined;
  /** Ends of earlier deletions of the same claims. */
  readonly earlier: readonly Promise<void>[];
};

/**
 * Deletes everything that a deletion record names, and then the record itself. Order: attempts,
 * claims, the positions of erasures in later claims, then the record itself. Keys are deleted at any
 * time. A claim that an erasure released makes attempts on its address void, so it is deleted after
 * them.
 *
 * Attempts on an erased address are found in the read model, and every attempt is counted there, so
 * each record waits with its attempts until the read model covers it. The record also stays that
 * long because it may be the last one of the log, whose position readers wait for. This wait
 * occupies no slot.
 *
 * Deleting can be interrupted and repeated, because the deletion record is deleted last. The key is
 * recorded as deleted before the rest, because anybody can create attempts and so delay the rest.
 * Silent servers are recorded before anything is deleted, so that no crash loses their names.
 * Servers that do not catch up afterwards are recorded too: the worse failure is to report an
 * erasure as done while a server may still have the key.
 */
export async function deleteNamed(
  deps: DeleteNamedDeps,
  { record, content, earlier }: OpenRecord,
): Promise<void> {
  const { log, deletion, now, store, turns, covered, onAddresses, behind, questions, signal } =
    deps;
  const { subject, position } = record;
  if (content === undefined) throw new UnreadableRecordError(position);
  const { claims, people, attempts, addresses } = content;
  const silent = await behind.findSilent(position);
  const { isVoiding } = await judgeRecord(deps, { content, position }, signal);
  const note = async (isGone: NotedErasure['isGone']) => {
    // Checked even if nothing was left to delete, because a stale server may have said so.
    const late = isGone === 'nothing' ? [] : await behind.findBehind(position);
    const erasure = { position, behind: [...new Set([...silent, ...late])], isGone };
    for (const userId of people) {
      await questions.run(() => store.noteErasure({ userId, ...erasure }));
    }
  };
  if (silent.length > 0) await note('nothing');
  const deleteKeys = async () => {
    if (people.length === 0) return;
    await Promise.all(people.map((id) => turns.deleteAll(subjects.key(id), position)));
    await note('key');
  };
  const deleteAttempts = async () => {
    if (attempts.length === 0) return;
    // The read model counts a registration by its open record, which it must read before.
    await covered.until(position);
    await Promise.all(attempts.map(({ id, upTo }) => turns.deleteUpTo(subjects.attempt(id), upTo)));
  };
  const deleteRest = async () => {
    const voided = isVoiding ? addresses : [];
    await Promise.all([
      deleteAttempts(),
      ...voided.map((claim) => onAddresses.endAll({ claim, before: position })),
    ]);
    await Promise.all(earlier);
    await Promise.all(claims.map((k) => turns.deleteUpTo(subjects.claim(k), position)));
  };
  await Promise.all([deleteKeys(), deleteRest()]);
  await covered.until(position);
  // Last, when no claim can be appended any more that was decided from a deleted record.
  const which = claims.map((k) => ({ subject: subjects.claim(k), upTo: position }));
  await Promise.all(which.map((claim) => clearErasedAt({ log, deletion, now }, claim, signal)));
  await note('all');
  await turns.deleteUpTo(subject, position);
}
