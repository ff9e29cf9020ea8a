import { setTimeout as pause } from 'node:timers/promises';
import { ParkedSubject } from '@zameni/contracts';
import { type Static, Type } from 'typebox';
import { CommandError } from '../framework/command.ts';
import type { OperatorPort } from './operator-port.ts';

/**
 * What became of a subject. `done`: nothing waits any more. `parked-again`: it failed again, or a
 * record behind it did. `not-done`: the projector has not tried it within the wait. `requested`:
 * the command did not wait. `not-parked`: there was nothing to do. `untouched`: a dry run.
 */
const Outcome = Type.Enum([
  'done',
  'parked-again',
  'not-done',
  'requested',
  'not-parked',
  'untouched',
]);
export type Outcome = Static<typeof Outcome>;

/** What became of one subject. */
export const SubjectOutcome = Type.Object(
  {
    id: Type.String({ description: 'The id as given, or that of the subject' }),
    outcome: Outcome,
    park: Type.Union([ParkedSubject, Type.Null()], {
      description: 'The park as it was last seen; null if the id is not parked',
    }),
  },
  { additionalProperties: false, title: 'SubjectOutcome' },
);
export type SubjectOutcome = Static<typeof SubjectOutcome>;

/** How long to wait for the projector. */
export type WaitOptions = {
  /** With 0 the command does not wait. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Called with the number of subjects that are not done yet. */
  readonly reportLeft: (left: number) => void;
};

const PAUSE_MS = 250;

/** Waits until the projector has tried every subject that was requested, and says what came of it. */
export async function untilDone(
  port: Pick<OperatorPort, 'list'>,
  requested: readonly ParkedSubject[],
  { waitMs, signal, reportLeft }: WaitOptions,
): Promise<SubjectOutcome[]> {
  const outcomes = new Map<string, SubjectOutcome>(
    requested.map((park) => {
      const outcome = waitMs === 0 ? 'requested' : 'not-done';
      return [keyOf(park), { id: park.id, outcome, park }];
    }),
  );
  const endsAt = performance.now() + waitMs;
  const filter = requested.length === 1 ? { id: requested[0]?.subject } : {};
  for (;;) {
    const left = [...outcomes].filter(([, { outcome }]) => outcome === 'not-done');
    reportLeft(left.length);
    if (left.length === 0 || performance.now() >= endsAt) break;
    await pause(PAUSE_MS, undefined, { signal });
    const parked = await listOrUndefined(port, filter);
    if (parked === undefined) continue;
    const now = new Map(parked.map((park) => [keyOf(park), park]));
    for (const [key, before] of left) outcomes.set(key, finish(before, now.get(key)));
  }
  return [...outcomes.values()];
}

/** The projector clears the request in the transaction of its try. */
function finish(before: SubjectOutcome, park: ParkedSubject | undefined): SubjectOutcome {
  if (park === undefined) return { ...before, outcome: 'done' };
  return park.redriveRequestedAt === null
    ? { ...before, outcome: 'parked-again', park }
    : { ...before, park };
}

/** A projector may be restarting. The request stays, so the command asks again. */
async function listOrUndefined(
  port: Pick<OperatorPort, 'list'>,
  filter: Parameters<OperatorPort['list']>[0],
): Promise<readonly ParkedSubject[] | undefined> {
  try {
    return await port.list(filter);
  } catch (error) {
    if (error instanceof CommandError && error.code === 'no-answer') return undefined;
    throw error;
  }
}

function keyOf({ projection, version, subject }: ParkedSubject): string {
  return `${projection} ${version} ${subject}`;
}
