import type { AccountEvent, EventMetadata } from '@zameni/contracts';

/** An event as the projections get it: its personal data open, its place in the log known. */
export type ProjectedEvent = {
  readonly metadata: EventMetadata;
  readonly event: AccountEvent;
  readonly position: number;
  /** W3C trace context of the request that caused it. */
  readonly traceparent: string | undefined;
};
