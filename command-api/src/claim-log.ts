import { ClaimRecord } from '@zameni/contracts';
import { AppError, type EventLog, type LogRecord } from '@zameni/runtime';
import { Compile } from 'typebox/compile';

const claimCheck = Compile(ClaimRecord);

/** Most records of one claim: a release deletes all before it, so there are a few. */
const MAX_RECORDS = 1_000;

/** What a claim says; one that cannot be read is never taken for free. */
export function parseClaim(text: string): ClaimRecord {
  const value: unknown = JSON.parse(text);
  if (!claimCheck.Check(value)) throw new Error('a claim in the log cannot be read');
  return value;
}

/**
 * The position of the newest erasure that released a claim, 0 where there was none. Attempts on the
 * address from before are void. The record of the release stays until they are deleted, but it need not
 * be the last one: another account may hold the address meanwhile. Throws `log-unavailable`.
 */
export async function readErasedAt(
  log: Pick<EventLog, 'readFirst'>,
  subject: string,
  signal: AbortSignal,
): Promise<number> {
  let erasedAt = 0;
  let position = 0;
  for (let count = 0; count < MAX_RECORDS; count += 1) {
    const record = await log.readFirst(subject, signal, position).catch((cause: unknown) => {
      throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
    });
    if (record === undefined) return erasedAt;
    ({ position } = record);
    if (isErasure(record)) erasedAt = position;
  }
  throw new Error('a claim has more records than any of ours');
}

function isErasure({ data }: LogRecord): boolean {
  const claim = parseClaim(Buffer.from(data).toString('utf8'));
  return claim.state === 'released' && claim.by === 'erasure';
}
