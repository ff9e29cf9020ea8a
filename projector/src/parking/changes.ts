import type { PARK_REASONS } from '@zameni/contracts';

/** Why a subject is parked. */
export type ParkReason = keyof typeof PARK_REASONS;

/** Where a record lies. It names no content. */
export type Place = {
  readonly subject: string;
  readonly position: number;
  /** W3C trace context of the request that caused it. */
  readonly traceparent: string | undefined;
};

/** A subject whose records from `position` on are not applied. Fields of `zameni.parked`. */
export type Park = {
  readonly subject: string;
  readonly position: number;
  readonly lastPosition: number;
  /** Number of records that wait, the first one included. */
  readonly waiting: number;
  readonly reason: ParkReason;
  readonly detail: string | null;
  readonly traceId: string | null;
  /** The request that was tried, if this is not the first try. */
  readonly redriveRequestedAt: string | null;
};

/** Further records of a parked subject. */
export type Wait = Pick<Park, 'subject' | 'lastPosition' | 'waiting'>;

/** What a batch changes of the parked subjects. Applied together with the checkpoint. */
export type ParkingChanges = {
  readonly parks: readonly Park[];
  readonly waits: readonly Wait[];
  readonly unparked: readonly { readonly subject: string }[];
};

/** Parked subjects before a batch, and what the batch changes of them. */
export type Parking = {
  /** The position from which on the records of a subject wait. Undefined if it is not parked. */
  readonly parkedAt: (subject: string) => number | undefined;
  /** Whether a record waits: its subject is parked at it or before it. */
  readonly holds: (place: Place) => boolean;
  /** Parks the subject of a record, or moves its park back to the record. */
  readonly park: (place: Place, reason: ParkReason, detail?: string) => void;
  /** Counts a record of a parked subject, which is not applied. */
  readonly wait: (place: Place) => void;
  /** Ends the parking of a subject: its records are applied, or its person is erased. */
  readonly unpark: (subject: string) => void;
  readonly changes: () => ParkingChanges;
};

/**
 * Begins a batch. `known` are the subjects that are parked before it, and from
 * which position on. If the batch is a redrive,
 * the time of its request goes with what is parked again.
 */
export function createParking(
  known: ReadonlyMap<string, number>,
  redriveRequestedAt: string | null = null,
): Parking {
  const parks = new Map<string, Park>();
  const waits = new Map<string, Wait>();
  const unparked = new Set<string>();
  const wasParked = (subject: string) => known.has(subject) && !unparked.has(subject);
  return {
    parkedAt: (subject) =>
      parks.get(subject)?.position ?? (wasParked(subject) ? known.get(subject) : undefined),
    holds: ({ subject, position }) => {
      const park = parks.get(subject);
      return park === undefined ? wasParked(subject) : park.position <= position;
    },
    park: ({ subject, position, traceparent }, reason, detail) => {
      const later = parks.get(subject);
      parks.set(subject, {
        subject,
        position,
        lastPosition: Math.max(position, later?.lastPosition ?? 0),
        waiting: 1 + (later?.waiting ?? 0),
        reason,
        detail: detail ?? null,
        traceId: toTraceId(traceparent),
        redriveRequestedAt,
      });
      unparked.delete(subject);
    },
    wait: ({ subject, position }) => {
      const park = parks.get(subject);
      if (park !== undefined) {
        const lastPosition = Math.max(position, park.lastPosition);
        parks.set(subject, { ...park, lastPosition, waiting: park.waiting + 1 });
        return;
      }
      const waiting = (waits.get(subject)?.waiting ?? 0) + 1;
      waits.set(subject, { subject, lastPosition: position, waiting });
    },
    unpark: (subject) => {
      parks.delete(subject);
      waits.delete(subject);
      if (known.has(subject)) unparked.add(subject);
    },
    changes: () => ({
      parks: [...parks.values()],
      waits: [...waits.values()],
      unparked: [...unparked].map((subject) => ({ subject })),
    }),
  };
}

/** The second part of a trace context: `version-traceid-parentid-flags` (W3C Trace Context). */
function toTraceId(traceparent: string | undefined): string | null {
  return /^[\da-f]{2}-([\da-f]{32})-/.exec(traceparent ?? '')?.[1] ?? null;
}
