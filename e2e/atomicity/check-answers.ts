import type { DefiniteAnswer } from './load.ts';
import type { AtomicRecord } from './log.ts';

/** Opens the positions that callers were given. */
export type AnswerOpeners = {
  readonly openPosition: (sealed: string) => number | undefined;
  readonly claimOf: (email: string) => string;
};

/** Returns answers that the log does not confirm. */
export function findUntrueAnswers(
  definite: readonly DefiniteAnswer[],
  records: readonly AtomicRecord[],
  { openPosition, claimOf }: AnswerOpeners,
): string[] {
  const byPosition = new Map(records.map((record) => [record.position, record]));
  const closed = new Set(
    records.flatMap((one) =>
      one.kind === 'attempt' && one.record.state === 'closed' ? one.record.attempt : [],
    ),
  );
  const erased = new Set(
    records.flatMap((one) => (one.kind === 'deletion' ? one.record.addresses : [])),
  );
  return definite.flatMap((one) => {
    const { id, what } = one;
    const position = openPosition(one.position) ?? 0;
    const record = byPosition.get(position);
    // An attempt that is closed, or whose address was erased, may have been deleted before the
    // follower read it.
    const isOver = closed.has(position) || (what === 'attempted' && erased.has(claimOf(one.email)));
    const isGone = what === 'attempted' && record === undefined && isOver;
    return isGone || isConfirmed(record, one) ? [] : [`${id} is not ${what} at ${position}`];
  });
}

function isConfirmed(
  record: AtomicRecord | undefined,
  { id, what }: Pick<DefiniteAnswer, 'id' | 'what'>,
): boolean {
  switch (what) {
    case 'attempted':
      return record?.kind === 'attempt' && record.id === id && record.record.state === 'open';
    case 'registered':
      return isEvent(record, id, 'registered');
    case 'erased': {
      const isAttempt = record?.kind === 'attempt' && record.id === id;
      const isClosed = isAttempt && record.record.state === 'closed';
      return (isClosed && record.record.by === 'erasure') || isEvent(record, id, 'erased');
    }
    default:
      return what satisfies never;
  }
}

function isEvent(record: AtomicRecord | undefined, id: string, name: string): boolean {
  return record?.kind === 'event' && record.userId === id && record.placed.fact.name === name;
}
