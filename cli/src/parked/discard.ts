import type { ParkedSubject } from '@zameni/contracts';
import { CommandError } from '../framework/command.ts';
import type { OperatorPort } from './operator-port.ts';
import { type WaitOptions, type SubjectOutcome, untilDone } from './until-done.ts';

/** The record to skip. Without a position it is the one that is parked now. */
export type DiscardTarget = {
  readonly id: string;
  readonly reason: string;
  readonly position: number | undefined;
};

/** Discards the parked record of a subject, and waits until what waited behind it is applied. */
export async function discard(
  port: OperatorPort,
  { id, reason, position }: DiscardTarget,
  options: WaitOptions & { readonly isDryRun: boolean },
): Promise<SubjectOutcome[]> {
  const parked = await port.find(id);
  const wanted = position ?? onlyPosition(id, parked);
  if (options.isDryRun) {
    const meant = parked.filter((park) => park.position === wanted);
    if (meant.length === 0) throw changed(id, wanted);
    return meant.map((park) => ({ id, outcome: 'untouched', park }));
  }
  const requested = await port.discard(id, { reason, position: wanted });
  return untilDone(port, requested, options);
}

/** A position names one record, thus one subject. */
function onlyPosition(id: string, parked: readonly ParkedSubject[]): number {
  const positions = [...new Set(parked.map(({ position }) => position))];
  const [first] = positions;
  if (first === undefined) throw new CommandError('not-parked', `${id} is not parked`);
  if (positions.length > 1) {
    throw new CommandError(
      'several-parked',
      `${id} is parked at ${positions.join(' and ')}; name one of them with --position`,
    );
  }
  return first;
}

function changed(id: string, position: number): CommandError {
  return new CommandError('park-changed', `${id} is not parked at ${position}`);
}
