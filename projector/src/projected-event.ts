import type { AccountEvent, AccountFact, EventMetadata } from '@zameni/contracts';

/**
 * An event as the projections get it, its place in the log known. `open`: with its personal data.
 * `erased`: the person's key is gone and her log says why (she was erased, or
 * superseded), so only the facts are left.
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
