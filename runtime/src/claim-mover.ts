import { ClaimRecord } from '@zameni/contracts';
import { Compile } from 'typebox/compile';
import type { ClaimLayers } from './claim-layout.ts';
import { coerceError } from './errors.ts';
import type { EventLog, LogRecord } from './event-log.ts';
import type { SecureDeletion } from './secure-deletion.ts';

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
  readonly isReleased: boolean;
};

/** Claims that are deleted at once. */
const MAX_DELETIONS = 8;

const claimCheck = Compile(ClaimRecord);

/**
 * Does the work of a rotation's phase on records of the old layer, and answers how many were found that
 * needed it: nothing is left when a pass over all records finds none. A released claim is left to the
 * eraser. One from before the rotation lies in the old layer only and may say that attempts are void,
 * which nobody who believes the new layer would learn, so no copying is done while there is one.
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
      const behind = moves.filter((move) => (found.get(move.new)?.position ?? 0) < move.position);
      await copy(deps.log, behind, signal);
      return behind.length;
    }
    case 'delete': {
      const held = moves.filter(({ isReleased }) => !isReleased);
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
    moves.set(old, { old, new: subject, position, isReleased: !isHeld(record) });
  }
  return [...moves.values()];
}

/** In one batch; halved when somebody was faster, so that one busy address holds up few others. */
async function copy(
  log: ClaimMoverDeps['log'],
  moves: readonly Move[],
  signal: AbortSignal,
): Promise<void> {
  const found = await readBoth(log, moves, signal);
  const messages = moves.flatMap((move) => {
    const before = found.get(move.old);
    const after = found.get(move.new)?.position ?? 0;
    if (before === undefined || after > before.position || !isHeld(before)) return [];
    const data = Buffer.from(before.data).toString('utf8');
    return [
      { subject: move.old, data, expectedPosition: before.position },
      { subject: move.new, data, expectedPosition: after },
    ];
  });
  if (messages.length === 0) return;
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
      await copy(log, moves.slice(0, half), signal);
      await copy(log, moves.slice(half), signal);
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

/** Whether somebody holds the address; a claim that cannot be read is never passed over. */
function isHeld({ data, position }: LogRecord): boolean {
  const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
  if (!claimCheck.Check(value)) throw new Error(`the claim at ${position} cannot be read`);
  return value.state === 'held';
}
