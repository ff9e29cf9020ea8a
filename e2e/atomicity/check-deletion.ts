import type { AtomicRecord, Commit } from './log.ts';

/**
 * A commit requests the deletion of exactly what it ends, in one deletion record: a released claim
 * (with an erasure, its address), the keys of an erased person, the records of a closed attempt, or
 * of an expired one that is replaced.
 */
export function checkDeletion({ records }: Commit, record: AtomicRecord): string[] {
  const deletions = records.filter(({ kind }) => kind === 'deletion');
  if (record.kind === 'deletion') {
    const ended = new Set([...records.flatMap(endedBy), ...records.flatMap(replacedBy)]);
    const faults = namedIn(record)
      .filter((name) => !ended.has(name))
      .map((name) => `${name} is to be deleted but not ended`);
    return deletions.length === 1 ? faults : [...faults, 'there is another deletion record'];
  }
  const asked = new Set(deletions.flatMap(namedIn));
  const faults = endedBy(record)
    .filter((name) => !asked.has(name))
    .map((name) => `no deletion is requested for ${name}`);
  return [...faults, ...deletions.flatMap((deletion) => checkReach(deletion, record))];
}

/** The deletion of a closed attempt covers at least its open record. */
function checkReach(deletion: AtomicRecord, closing: AtomicRecord): string[] {
  if (deletion.kind !== 'deletion' || closing.kind !== 'attempt') return [];
  const { id, record } = closing;
  if (record.state !== 'closed') return [];
  return deletion.record.attempts.flatMap((named) =>
    named.id === id && named.upTo < record.attempt ? [`the open attempt ${id} would stay`] : [],
  );
}

/** What a record leaves to be deleted. */
function endedBy(record: AtomicRecord): string[] {
  switch (record.kind) {
    case 'claim': {
      const { k, record: claim } = record;
      if (claim.state === 'held') return [];
      return claim.by === 'erasure' ? [`claim ${k}`, `address ${k}`] : [`claim ${k}`];
    }
    case 'attempt': {
      const { id, record: attempt } = record;
      return attempt.state === 'closed' ? [`attempt ${id}`] : [];
    }
    case 'event':
      return record.placed.fact.name === 'erased' ? [`person ${record.userId}`] : [];
    case 'key':
    case 'wish':
    case 'farewell':
    case 'deletion':
      return [];
    default:
      return record satisfies never;
  }
}

function replacedBy(record: AtomicRecord): string[] {
  const isOpen = record.kind === 'attempt' && record.record.state === 'open';
  return isOpen ? [`attempt ${record.id}`] : [];
}

function namedIn(record: AtomicRecord): string[] {
  if (record.kind !== 'deletion') return [];
  const { claims, people, attempts, addresses } = record.record;
  return [
    ...claims.map((k) => `claim ${k}`),
    ...people.map((id) => `person ${id}`),
    ...attempts.map(({ id }) => `attempt ${id}`),
    ...addresses.map((k) => `address ${k}`),
  ];
}
