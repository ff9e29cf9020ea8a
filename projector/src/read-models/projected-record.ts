import type { ProjectedAttempt } from './attempts-projection.ts';
import type { ProjectedEvent } from './projected-event.ts';

/** A record that changes rows, in the order of the log. */
export type ProjectedRecord =
  | { readonly kind: 'event'; readonly event: ProjectedEvent }
  | { readonly kind: 'attempt'; readonly attempt: ProjectedAttempt };
