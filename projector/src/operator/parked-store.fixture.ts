import type { ParkedSubject } from '@zameni/contracts';
import type { Discard, OperatorStore } from './parked-store.ts';

/** A parked subject for tests. */
export function parkedSubject(n: number, more: Partial<ParkedSubject> = {}): ParkedSubject {
  const id = `01980000-0000-7000-8000-${String(n).padStart(12, '0')}`;
  return {
    projection: 'accounts',
    version: 1,
    subject: `zameni.account.${id}`,
    id,
    position: n,
    lastPosition: n,
    waiting: 1,
    reason: 'undecodable',
    detail: null,
    tries: 1,
    traceId: null,
    parkedAt: '2026-03-04T05:06:07.089Z',
    redriveRequestedAt: null,
    ...more,
  };
}

/** When the memory store notes a request. */
export const REQUESTED_AT = '2026-03-05T00:00:00.000Z';

/** An operator store in memory that no projector works off, and what was discarded in it. */
export function createMemoryOperatorStore(
  parked: readonly ParkedSubject[],
): OperatorStore & { readonly discards: readonly Discard[] } {
  let kept = parked;
  const discards: Discard[] = [];
  const isOf = (id: string) => (park: ParkedSubject) => id === park.subject || id === park.id;
  const request = (isMeant: (park: ParkedSubject) => boolean) => {
    kept = kept.map((park) =>
      isMeant(park)
        ? { ...park, redriveRequestedAt: park.redriveRequestedAt ?? REQUESTED_AT }
        : park,
    );
    return kept.filter(isMeant);
  };
  return {
    discards,
    list: async ({ projection, reason, id, limit, after }) => {
      const found = kept.filter(
        (park) =>
          (projection === undefined || park.projection === projection) &&
          (reason === undefined || park.reason === reason) &&
          (id === undefined || isOf(id)(park)) &&
          (after === undefined || park.position > Number(after.split('-')[0])),
      );
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      const next = last && `${last.position}-${last.version}-${last.projection}`;
      return { parked: page, next: next ?? null };
    },
    find: async (id) => kept.filter(isOf(id)),
    requestRedrive: async (id) => request(isOf(id)),
    discard: async (discard) => {
      const found = request((park) => isOf(discard.id)(park) && park.position === discard.position);
      if (found.length > 0) discards.push(discard);
      return found;
    },
    count: async () => kept.length,
  };
}
