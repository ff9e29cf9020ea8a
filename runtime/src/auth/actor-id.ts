import { parseUserId } from '@zameni/contracts';
import type { Digests } from '../keys/digests.ts';
import type { Caller } from './tokens.ts';

/**
 * The id of a caller that an event or a table keeps permanently. A subject that is a user id is
 * kept as it is, because it means the same person for every issuer. Any other becomes a keyed
 * digest with the issuer: issuers may use addresses or names as subjects, and the same subject of
 * two issuers may mean different callers.
 */
export function toActorId(
  digests: Pick<Digests, 'actorOf'>,
  { subject, issuer }: Pick<Caller, 'subject' | 'issuer'>,
): string {
  // A subject contains no line break.
  return parseUserId(subject) ?? digests.actorOf(`${subject}\n${issuer}`);
}
