import type { ReadModelsVersion } from '@zameni/contracts';
import { AppError } from '@zameni/runtime';
import type { ReadModelsStore } from './read-models-store.ts';

/** A version of the read models as a test needs it. */
export function readModelsVersion(
  version: number,
  fields: Partial<ReadModelsVersion> = {},
): ReadModelsVersion {
  return {
    version,
    state: 'live',
    selected: [],
    carriedPosition: 0,
    position: 10,
    parked: 0,
    comparison: null,
    acceptedReason: null,
    startedAt: '2026-11-26T10:00:00.000Z',
    changedAt: '2026-11-26T10:00:00.000Z',
    ...fields,
  };
}

/** Versions in memory. A rebuild stays as it was begun. */
export function createMemoryReadModelsStore(
  ...first: readonly ReadModelsVersion[]
): ReadModelsStore & { readonly versions: () => readonly ReadModelsVersion[] } {
  let versions = [...first];
  const change = (
    version: number,
    states: readonly ReadModelsVersion['state'][],
    fields: Partial<ReadModelsVersion>,
  ): ReadModelsVersion => {
    const found = versions.find((each) => each.version === version);
    if (found === undefined) throw new AppError('not-found');
    if (!states.includes(found.state)) throw new AppError('rebuild-state');
    const changed = { ...found, ...fields };
    versions = versions.map((each) => {
      if (each.version === version) return changed;
      return fields.state === 'live' && each.state === 'live' ? { ...each, state: 'kept' } : each;
    });
    return changed;
  };
  return {
    versions: () => versions,
    list: async () => versions,
    start: async (selected) => {
      if (versions.some(({ state }) => state === 'building' || state === 'differs')) {
        throw new AppError('rebuild-state');
      }
      const begun = readModelsVersion((versions.at(-1)?.version ?? 0) + 1, {
        selected: [...selected],
        state: 'building',
        carriedPosition: null,
      });
      versions = [...versions, begun];
      return begun;
    },
    accept: async (version, { reason }) => {
      const isAccepted = versions.some(
        (each) => each.version === version && each.acceptedReason === reason,
      );
      const states = isAccepted ? (['differs', 'live'] as const) : (['differs'] as const);
      return change(version, states, { state: 'live', acceptedReason: reason });
    },
    switchTo: async (version) => change(version, ['kept', 'live'], { state: 'live' }),
    drop: async (version) =>
      change(version, ['building', 'differs', 'kept', 'dropped'], { state: 'dropped' }),
  };
}
