import { READ_MODELS, type ReadModelsComparison, type ReadModelsVersion } from '@zameni/contracts';
import type { ReadModelsPort } from './port.ts';

/** A version of the read models as a test needs it. */
export function versionOf(
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

/** A comparison that found differences, in keys that could control a terminal too. */
export const comparison: ReadModelsComparison = {
  isDone: true,
  isEqual: false,
  tables: [
    {
      table: 'users',
      rows: 1_000,
      onlyLive: 1,
      onlyNew: 0,
      differing: 2,
      columns: { display_name: 2 },
      newColumns: ['phone'],
      examples: ['01980000-0000-7000-8000-000000000001', 'evil\u001b[2J'],
    },
  ],
};

/**
 * Versions in memory. Each list of the versions is a moment at which the projector goes one step
 * further: `steps` are the fields of the version that is built.
 */
export function createMemoryPort(
  first: readonly ReadModelsVersion[],
  steps: readonly Partial<ReadModelsVersion>[] = [],
) {
  let versions = [...first];
  const left = [...steps];
  const requests: string[] = [];
  const change = (version: number, fields: Partial<ReadModelsVersion>) => {
    versions = versions.map((each) => (each.version === version ? { ...each, ...fields } : each));
    return versions.find((each) => each.version === version) ?? versionOf(version, fields);
  };
  const port: ReadModelsPort = {
    list: async () => {
      const built = versions.find(({ state }) => state === 'building');
      const step = built && left.shift();
      if (built && step) change(built.version, step);
      return { head: 100, versions };
    },
    start: async (readModels) => {
      requests.push(`start ${readModels?.join(',') ?? 'all'}`);
      const begun = versionOf(7, {
        state: 'building',
        selected: [...(readModels ?? READ_MODELS)],
        position: 0,
        carriedPosition: null,
      });
      versions = [...versions, begun];
      return begun;
    },
    accept: async (version, reason) => {
      requests.push(`accept ${version} ${reason}`);
      return change(version, { state: 'live', acceptedReason: reason });
    },
    switchTo: async (version) => {
      requests.push(`switch ${version}`);
      return change(version, { state: 'live' });
    },
    drop: async (version) => {
      requests.push(`drop ${version}`);
      return change(version, { state: 'dropped' });
    },
  };
  return { port, requests };
}
