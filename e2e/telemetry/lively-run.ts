import { randomUUID } from 'node:crypto';
import type { Person } from '../demo/people.ts';
import { runDemo } from '../demo/run.ts';
import { type Actors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { importCrowd } from '../support/crowd.ts';
import type { System } from '../support/system.ts';

/** Who takes part: people to register, and as many who join and are imported below a label. */
export type LivelyRunOptions = { readonly label: string; readonly people: readonly Person[] };

const CONCURRENCY = 16;

/** Uses every part of the system: fixtures, proofs, changes, an import, reads, an erasure, refusals. */
export async function runLively(
  system: System,
  actors: Actors,
  { label, people }: LivelyRunOptions,
): Promise<void> {
  const token = await system.token(['registrations:write', 'users:read']);
  const report = await runDemo({
    gatewayUrl: system.gatewayUrl,
    token,
    people,
    concurrency: CONCURRENCY,
  });
  if (report.faults.length > 0) throw new Error(report.faults.join('\n'));
  await importCrowd(system, label, people.length, { mail: true });
  const { operator, anyone, join, read } = actors;
  await mapConcurrently(people, CONCURRENCY, async () => {
    const { id, position } = await join(personAt(`${randomUUID()}@${label}.example.org`));
    await read(id, position);
    await operator.readUser({ params: { id } });
    await operator.updateUser({ params: { id }, body: { displayName: 'Vera Renamed' } });
    await anyone.readUser({ params: { id } });
    await operator.eraseUser({ params: { id } });
  });
}
