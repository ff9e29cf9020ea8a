import type { AccountEvent, AccountFact, EventMetadata } from '@zameni/contracts';

/**
 * An event as the projections get it, its place in the log known. `open`: with its personal data.
 * `erased`: the person's key is gone because they were erased, so only the facts are left.
 */
export type ProjectedEvent = {
  readonly metadata: EventMetadata;
  readonly position: number;
  /** W3C trace context of the request that caused it. */
  readonly traceparent: string | undefined;
} & (
  | { readonly personal: 'open'; readonly event: AccountEvent }
  | { readonly personal: 'erased'; readonly event: AccountFact }
);
