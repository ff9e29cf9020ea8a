import type { AccountFact } from '@zameni/contracts';
import type { AtomicRecord, Commit } from './log.ts';

/** The known attempts by the last record of each. */
export type KnownAttempts = Map<
  string,
  { readonly position: number; readonly expiresAt: string; readonly claim: string } | 'closed'
>;

type Kind<Name extends AtomicRecord['kind']> = Extract<AtomicRecord, { readonly kind: Name }>;

/** The other records that a claim, a key, a farewell or an event requires in its commit. */
export function checkNeighbours(
  commit: Commit,
  record: Kind<'claim'> | Kind<'key'> | Kind<'farewell'> | Kind<'event'>,
): string[] {
  switch (record.kind) {
    case 'claim':
      return checkRelease(commit, record);
    case 'key': {
      const { userId, version } = record;
      const isBorn = hasEvent(commit, userId, ['registered']);
      return version > 1 || isBorn ? [] : ['a key without its event'];
    }
    case 'farewell': {
      const isErased = hasEvent(commit, record.userId, ['erased']);
      return isErased ? [] : ['a farewell without its erasure'];
    }
    case 'event':
      return checkEvent(commit, record);
    default:
      return record satisfies never;
  }
}

/** A claim is released only with the event that says so. */
function checkRelease({ records }: Commit, { record }: Kind<'claim'>): string[] {
  if (record.state === 'held') return [];
  const isSaid = records.some((one) => {
    if (one.kind !== 'event') return false;
    const { fact } = one.placed;
    switch (record.by) {
      case 'erasure':
        return fact.name === 'erased';
      case 'email-change':
        // An erasure gives up the former addresses too.
        return fact.name === 'email-changed' || fact.name === 'erased';
      case 'disowning':
        return isDisowned(fact);
      default:
        return record.by satisfies never;
    }
  });
  return isSaid ? [] : [`given up by ${record.by} without its event`];
}

function checkEvent(commit: Commit, { userId, placed: { fact } }: Kind<'event'>): string[] {
  switch (fact.name) {
    case 'registered':
      return checkRegistration(commit, userId, fact.data.attempt);
    case 'email-verified':
    case 'email-changed':
      return hasClaim(commit, userId) ? [] : [`no claim of ${userId} beside ${fact.name}`];
    case 'deactivated': {
      if (!isDisowned(fact)) return [];
      const isGivenUp = commit.records.some(
        (one) =>
          one.kind === 'claim' && (one.record.state === 'released' || one.record.userId !== userId),
      );
      return isGivenUp ? [] : [`${userId} is disowned, and no claim is given up`];
    }
    case 'profile-updated':
    case 'email-change-requested':
    case 'email-change-cancelled':
    case 'reactivated':
    case 'erased':
      return [];
    default:
      return fact satisfies never;
  }
}

/** A registration is claim, key and event. If it came of an attempt, it also closes the attempt. */
function checkRegistration(commit: Commit, userId: string, attempt: number | undefined): string[] {
  const hasKey = commit.records.some((one) => one.kind === 'key' && one.userId === userId);
  const isClosed = commit.records.some(
    (one) =>
      one.kind === 'attempt' &&
      one.id === userId &&
      one.record.state === 'closed' &&
      one.record.attempt === attempt,
  );
  return [
    ...(hasKey ? [] : [`no key of ${userId} beside the registration`]),
    ...(hasClaim(commit, userId) ? [] : [`no claim of ${userId} beside the registration`]),
    ...(attempt === undefined || isClosed ? [] : [`the attempt of ${userId} is not closed`]),
  ];
}

/**
 * An attempt is opened once until its instant, and closed once. A proof closes it together with the
 * resulting event. A void attempt can still be erased.
 */
export function checkAttempt(
  commit: Commit,
  { id, record }: Kind<'attempt'>,
  attempts: KnownAttempts,
): string[] {
  const before = attempts.get(id);
  if (record.state === 'open') {
    const isOver = before === undefined || before === 'closed' || before.expiresAt <= record.time;
    return isOver ? [] : [`the attempt ${id} is open already at ${before.position}`];
  }
  const { attempt } = record;
  const isOther = before !== undefined && before !== 'closed' && before.position !== attempt;
  const userId = record.state === 'closed' ? record.userId : undefined;
  const isProven =
    record.state === 'void' ||
    record.by !== 'proof' ||
    (userId !== undefined && hasEvent(commit, userId, ['registered', 'email-verified']));
  return [
    ...(before === 'closed' ? [`the attempt ${id} is closed again`] : []),
    ...(isOther ? [`another attempt than ${id} at ${attempt} is open`] : []),
    ...(isProven ? [] : [`the attempt ${id} is closed by a proof without its event`]),
  ];
}

/** Applies a commit to the known attempts. An erased address removes the attempts on it. */
export function noteAttempts(attempts: KnownAttempts, { records }: Commit): void {
  for (const record of records) {
    if (record.kind === 'deletion') {
      const { addresses } = record.record;
      for (const [id, known] of attempts) {
        if (known !== 'closed' && addresses.includes(known.claim)) attempts.delete(id);
      }
    }
    if (record.kind !== 'attempt') continue;
    const { id, position, record: content } = record;
    if (content.state === 'closed') attempts.set(id, 'closed');
    else if (content.state === 'void') attempts.delete(id);
    else attempts.set(id, { position, expiresAt: content.expiresAt, claim: content.claim });
  }
}

function hasClaim({ records }: Commit, userId: string): boolean {
  return records.some(
    (one) => one.kind === 'claim' && one.record.state === 'held' && one.record.userId === userId,
  );
}

function hasEvent({ records }: Commit, userId: string, names: readonly string[]): boolean {
  return records.some(
    (one) => one.kind === 'event' && one.userId === userId && names.includes(one.placed.fact.name),
  );
}

function isDisowned(fact: AccountFact): boolean {
  return fact.name === 'deactivated' && fact.data.address === 'released';
}
