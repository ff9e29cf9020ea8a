import { ClaimRecord } from '@zameni/contracts';
import {
  type ClaimLayers,
  coerceError,
  type EventLog,
  type LogRecord,
  type SecureDeletion,
} from '@zameni/runtime';
import { Compile } from 'typebox/compile';

/** What moving claims needs: the log, and the right to delete from it. */
export type ClaimMoverDeps = {
  readonly log: Pick<EventLog, 'readLast' | 'readLastFromLeader' | 'append'>;
  readonly deletion: SecureDeletion;
};

/** A claim that lies in the old layer, and where it belongs in the new one. */
type Move = {
  readonly old: string;
  readonly new: string;
  readonly position: number;
  readonly record: ClaimRecord;
};

/** Claims that are deleted at once. */
const MAX_DELETIONS = 8;

const claimCheck = Compile(ClaimRecord);

/**
 * Does the work of a rotation's phase on records of the old layer, and answers how many were found that
 * needed it: nothing is left when a pass over all records finds none. A released claim is left to the
 * eraser, and so is one that knows of an erasure. Both may lie in the old layer only, and their deletion
 * record may name that layer only. They say that attempts are void, so the copying is not over while
 * there is one.
 *
 * A claim is copied by writing it once more to both layers in one batch, each guarded, as a registration
 * would; so the old one's guard tells when it was released meanwhile, and no late copy brings a claim of
 * the dead back. The new layer has a claim when its record lies behind the old one's, which makes a
 * record that a lagging replica shows at worst one to look at again.
 */
export async function moveClaims(
  deps: ClaimMoverDeps,
  { layers, records }: { readonly layers: ClaimLayers; readonly records: readonly LogRecord[] },
  signal: AbortSignal,
): Promise<number> {
  const moves = toMoves(layers, records);
  switch (layers.work) {
    case 'none':
      return 0;
    case 'copy': {
      if (moves.length === 0) return 0;
      const found = await deps.log.readLast(
        moves.map((move) => move.new),
        signal,
      );
      const isBehind = (move: Move) => (found.get(move.new)?.position ?? 0) < move.position;
      const left = moves.filter((move) => knowsErasure(move.record) || isBehind(move));
      await copy(deps, left, signal);
      return left.length;
    }
    case 'delete': {
      const held = moves.filter(({ record }) => record.state === 'held');
      for (let start = 0; start < held.length; start += MAX_DELETIONS) {
        const some = held.slice(start, start + MAX_DELETIONS);
        await Promise.all(
          some.map(({ old }) => deps.deletion.deleteUpTo(old, Number.MAX_SAFE_INTEGER, signal)),
        );
      }
      return held.length;
    }
    default:
      return layers.work satisfies never;
  }
}

/** Each claim of the old layer, by the newest of the records. */
function toMoves(layers: ClaimLayers, records: readonly LogRecord[]): Move[] {
  const moves = new Map<string, Move>();
  for (const record of records) {
    const { subject: old, position } = record;
    const subject = layers.toNew(old);
    if (subject === undefined) continue;
    moves.set(old, { old, new: subject, position, record: toClaim(record) });
  }
  return [...moves.values()];
}

/**
 * In one batch; halved when somebody was faster, so that one busy address holds up few others. What the
 * new layer has from before is deleted first: it may know of an erasure that the old one knows no more.
 */
async function copy(
  { log, deletion }: ClaimMoverDeps,
  moves: readonly Move[],
  signal: AbortSignal,
): Promise<void> {
  const found = await readBoth(log, moves, signal);
  const copies = moves.flatMap((move) => {
    const before = found.get(move.old);
    const after = found.get(move.new)?.position ?? 0;
    if (before === undefined || after > before.position) return [];
    const record = toClaim(before);
    const isWanted = record.state === 'held' && !knowsErasure(record);
    return isWanted ? [{ move, before, after }] : [];
  });
  const messages = copies.flatMap(({ move, before }) => {
    const data = Buffer.from(before.data).toString('utf8');
    return [
      { subject: move.old, data, expectedPosition: before.position },
      { subject: move.new, data, expectedPosition: 0 },
    ];
  });
  if (messages.length === 0) return;
  for (const { move, after } of copies) {
    if (after > 0) await deletion.deleteUpTo(move.new, after, signal);
  }
  const outcome = await log.append(messages, signal);
  switch (outcome.status) {
    case 'appended':
    case 'unknown':
      // The next pass tells what became of it.
      return;
    case 'full':
      throw coerceError(outcome.cause);
    case 'conflict':
    case 'busy':
    case 'rejected': {
      if (moves.length === 1) {
        if (outcome.status === 'rejected') throw coerceError(outcome.cause);
        return;
      }
      const half = Math.ceil(moves.length / 2);
      await copy({ log, deletion }, moves.slice(0, half), signal);
      await copy({ log, deletion }, moves.slice(half), signal);
      return;
    }
    default:
      outcome satisfies never;
  }
}

/** From any replica at first, from the leader where that has failed. */
async function readBoth(
  log: ClaimMoverDeps['log'],
  moves: readonly Move[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LogRecord>> {
  const subjects = moves.flatMap((move) => [move.old, move.new]);
  if (moves.length > 1) return log.readLast(subjects, signal);
  const records = await Promise.all(
    subjects.map((subject) => log.readLastFromLeader(subject, signal)),
  );
  return new Map(records.flatMap((record) => (record ? [[record.subject, record] as const] : [])));
}

/** Whether somebody holds it since an erasure whose attempts are not all void yet. */
function knowsErasure(record: ClaimRecord): boolean {
  return record.state === 'held' && record.erasedAt !== undefined;
}

/** A claim that cannot be read is never passed over. */
function toClaim({ data, position }: LogRecord): ClaimRecord {
  const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
  if (!claimCheck.Check(value)) throw new Error(`the claim at ${position} cannot be read`);
  return value;
}
