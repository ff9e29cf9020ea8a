import type { ParkedSubject } from '@zameni/contracts';
import type { OperatorPort } from './operator-port.ts';
import { type WaitOptions, type SubjectOutcome, untilDone } from './until-done.ts';

/** The subjects to try again: by id, or all that are parked for a reason. */
export type RedriveTarget =
  | { readonly ids: readonly string[] }
  | { readonly reason: string | undefined };

/** Requests a redrive of each subject, and waits for the projector. */
export async function redrive(
  port: OperatorPort,
  target: RedriveTarget,
  options: WaitOptions & { readonly isDryRun: boolean },
): Promise<SubjectOutcome[]> {
  const ids = 'ids' in target ? target.ids : undefined;
  const listed = 'ids' in target ? [] : await listSubjects(port, target.reason);
  if (options.isDryRun) {
    const found = ids === undefined ? listed : await findAll(ids, port.find);
    return found.map(({ id, park }) => ({ id, outcome: park ? 'untouched' : 'not-parked', park }));
  }
  const subjects = [...new Set(listed.map(({ park }) => park.subject))];
  const answers = await findAll(ids ?? subjects, port.requestRedrive);
  const requested = answers.flatMap(({ park }) => park ?? []);
  const done = await untilDone(port, requested, options);
  const gone = answers.flatMap(({ id, park }): SubjectOutcome[] => {
    if (park !== null) return [];
    if (ids !== undefined) return [{ id, outcome: 'not-parked', park }];
    // It was in the list a moment ago: somebody else did it, or the person was erased.
    return listed
      .filter((each) => each.park.subject === id)
      .map((each) => ({ ...each, outcome: 'done' }));
  });
  return [...done, ...gone];
}

type Found = { readonly id: string; readonly park: ParkedSubject | null };

async function listSubjects(port: OperatorPort, reason: string | undefined) {
  const parked = await port.list(reason === undefined ? {} : { reason });
  return parked.map((park) => ({ id: park.id, park }));
}

/** Asks for one id after the other, because a process takes 50 changes a second. */
async function findAll(ids: readonly string[], find: OperatorPort['find']): Promise<Found[]> {
  const found: Found[] = [];
  for (const id of new Set(ids)) {
    const parks = await find(id);
    if (parks.length === 0) found.push({ id, park: null });
    else found.push(...parks.map((park) => ({ id, park })));
  }
  return found;
}
