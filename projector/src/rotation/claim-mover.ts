import { type ClaimRecord, decodeText, parseClaimRecord } from '@zameni/contracts';
import {
  type ClaimLayers,
  coerceError,
  type EventLog,
  type LogRecord,
  type SecureDeletion,
} from '@zameni/runtime';
import { claimTtl } from '../records/claim-ttl.ts';

/** Dependencies of moving claims: the log, deletion from it, and a clock. */
export type ClaimMoverDeps = {
  readonly log: Pick<EventLog, 'readLast' | 'readLastFromLeader' | 'append'>;
  readonly deletion: SecureDeletion;
  readonly now: () => Date;
};

/** What to move, and who hears of the position of a claim that cannot be read. */
export type MoveOptions = {
  readonly layers: ClaimLayers;
  readonly records: readonly LogRecord[];
  readonly onUnreadable: (position: number) => void;
};

/** A claim in the old layer and its subject in the new layer. */
type Move = {
  readonly old: string;
  readonly new: string;
  readonly position: number;
  readonly record: ClaimRecord;
};

/** Concurrent deletions of claims. */
const MAX_DELETIONS = 8;

/**
 * Moves claims as the phase of a rotation demands, and returns the number of records that needed
 * it. The work is done when a pass over all records returns 0. The eraser handles released claims
 * and claims that hold the position of an erasure. Both may lie in the old layer only, and their
 * deletion records may name that layer only. They make attempts void, so copying is not done while
 * one exists.
 *
 * A claim is copied as a registration would write it: once more to both layers, in one batch, each
 * message guarded, and with its end if it is reserved. The guard of the old layer fails if the claim was released since, so no late
 * copy restores a deleted claim. The new layer has a claim if its record lies after the old one. So
 * a stale record from a replica is at worst examined again.
 *
 * A claim that a later version wrote, so that it cannot be read, stays where it is and is reported.
 */
export async function moveClaims(
  deps: ClaimMoverDeps,
  { layers, records, onUnreadable }: MoveOptions,
  signal: AbortSignal,
): Promise<number> {
  const moves = layers.work === 'none' ? [] : toMoves(layers, records, onUnreadable);
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
          some.map(({ old, position }) =>
            deps.deletion.deleteUpTo(old, Number.MAX_SAFE_INTEGER, signal, position),
          ),
        );
      }
      return held.length;
    }
    default:
      return layers.work satisfies never;
  }
}

/** Returns one move for each claim of the old layer, from its newest record. */
function toMoves(
  layers: ClaimLayers,
  records: readonly LogRecord[],
  onUnreadable: MoveOptions['onUnreadable'],
): Move[] {
  const moves = new Map<string, Move>();
  const unreadable = new Map<string, number>();
  for (const record of records) {
    const { subject: old, position } = record;
    const subject = layers.toNew(old);
    if (subject === undefined) continue;
    const claim = parseClaimRecord(record.data);
    moves.delete(old);
    unreadable.delete(old);
    if (claim === undefined) unreadable.set(old, position);
    else moves.set(old, { old, new: subject, position, record: claim });
  }
  for (const position of unreadable.values()) onUnreadable(position);
  return [...moves.values()];
}

/**
 * Copies claims in one batch. After a conflict the batch is halved, so that one busy address delays
 * few others. An older record in the new layer is deleted first, because it may hold the position
 * of an erasure that the old layer no longer holds.
 */
async function copy(
  deps: ClaimMoverDeps,
  moves: readonly Move[],
  signal: AbortSignal,
): Promise<void> {
  const { log, deletion, now } = deps;
  const found = await readBoth(log, moves, signal);
  const copies = moves.flatMap((move) => {
    const before = found.get(move.old);
    const after = found.get(move.new)?.position ?? 0;
    if (before === undefined || after > before.position) return [];
    const record = parseClaimRecord(before.data);
    if (record?.state !== 'held' || knowsErasure(record)) return [];
    return [{ move, before, after, ttl: claimTtl(record, now()) }];
  });
  const messages = copies.flatMap(({ move, before, ttl }) => {
    const data = decodeText(before.data);
    return [
      { subject: move.old, data, expectedPosition: before.position, ...ttl },
      { subject: move.new, data, expectedPosition: 0, ...ttl },
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
      // The next pass shows the result.
      return;
    case 'full':
    case 'distrusted':
      throw coerceError(outcome.cause);
    case 'conflict':
    case 'busy':
    case 'rejected': {
      if (moves.length === 1) {
        if (outcome.status === 'rejected') throw coerceError(outcome.cause);
        return;
      }
      const half = Math.ceil(moves.length / 2);
      await copy(deps, moves.slice(0, half), signal);
      await copy(deps, moves.slice(half), signal);
      return;
    }
    default:
      outcome satisfies never;
  }
}

/** Reads several claims from any replica, and one that is left after halving from the leader. */
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

/** Whether a held claim still holds the position of an erasure. */
function knowsErasure(record: ClaimRecord): boolean {
  return record.state === 'held' && record.erasedAt !== undefined;
}
