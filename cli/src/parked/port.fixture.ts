import type { ParkedSubject } from '@zameni/contracts';
import type { OperatorPort } from './operator-port.ts';

/** An account that is parked at a position. */
export function parkedAt(position: number, more: Partial<ParkedSubject> = {}): ParkedSubject {
  const id = `01980000-0000-7000-8000-${String(position).padStart(12, '0')}`;
  return {
    projection: 'accounts',
    version: 1,
    subject: `zameni.account.${id}`,
    id,
    position,
    lastPosition: position,
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

/** What a projector makes of a subject whose redrive is requested. */
type Attempt = (park: ParkedSubject) => ParkedSubject | undefined;

/** An operator port in memory. Each list is a moment at which the projector tries what waits. */
export function createMemoryPort(parked: readonly ParkedSubject[], attempt: Attempt) {
  let kept = parked;
  const requests: string[] = [];
  const isOf = (id: string) => (park: ParkedSubject) => id === park.subject || id === park.id;
  const find = (id: string) => kept.filter(isOf(id));
  const request = (id: string) => {
    const redriveRequestedAt = '2026-03-05T00:00:00.000Z';
    kept = kept.map((park) => (isOf(id)(park) ? { ...park, redriveRequestedAt } : park));
    return find(id);
  };
  const port: OperatorPort = {
    list: async ({ reason, projection, id }) => {
      kept = kept.flatMap((park) => {
        if (park.redriveRequestedAt === null) return [park];
        return attempt(park) ?? [];
      });
      return kept.filter(
        (park) =>
          (reason === undefined || park.reason === reason) &&
          (projection === undefined || park.projection === projection) &&
          (id === undefined || isOf(id)(park)),
      );
    },
    find: async (id) => find(id),
    requestRedrive: async (id) => {
      requests.push(`redrive ${id}`);
      return request(id);
    },
    discard: async (id, { position, reason }) => {
      requests.push(`discard ${id} ${position} ${reason}`);
      return request(id);
    },
  };
  return { port, requests };
}

/** The projector applies everything. */
export const succeeds: Attempt = () => undefined;

/** The projector fails again, now at another record. */
export const failsAgain: Attempt = (park) => ({
  ...park,
  position: park.position + 100,
  tries: park.tries + 1,
  reason: 'fold-failed',
  redriveRequestedAt: null,
});

/** No projector is active. */
export const neverTries: Attempt = (park) => park;
