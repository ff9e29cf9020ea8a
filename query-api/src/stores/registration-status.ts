import type { RegistrationView } from '@zameni/contracts';
import type { View, ViewContent } from '@zameni/runtime';

/** How a registration stands, as the read model knows it; it never says `accepted`. */
export type KnownStatus = Exclude<RegistrationView['status'], 'accepted'>;

/** A status as a view; `gone` is one that was and is no more. */
export function toStatusView(status: KnownStatus | 'gone' | null): View {
  if (status === null) return 'absent';
  // Nobody asks for a version of a status.
  return status === 'gone' ? 'erased' : { version: 1, body: status };
}

/** The status in a view. */
export function parseStatus({ body }: ViewContent): KnownStatus {
  if (body === 'awaiting-proof' || body === 'registered') return body;
  throw new Error('a view holds no status of a registration');
}
