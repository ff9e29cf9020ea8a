import type { RegistrationView } from '@zameni/contracts';
import { type ViewContent, Fault } from '@zameni/runtime';
import type { StoredView } from './store.ts';

/** The status of a registration in the read model, which never has `accepted`. */
export type KnownStatus = Exclude<RegistrationView['status'], 'accepted'>;

/** A status as a view. `gone` is a registration that has ended. */
export function toStatusView(status: KnownStatus | 'gone' | null): StoredView['view'] {
  if (status === null) return 'absent';
  // A status has no version, and no reader uses this one.
  return status === 'gone' ? 'erased' : { version: 1, body: status };
}

/** Parses the status in a view. */
export function parseStatus({ body }: ViewContent): KnownStatus {
  if (body === 'awaiting-proof' || body === 'registered') return body;
  throw new Fault('a view does not hold the status of a registration');
}
