import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNTS_STREAM } from '@zameni/contracts';
import { StackError } from './stack-error.ts';

/**
 * Refuses the data of a server from before the log had an account of its own: that log would not be
 * served, and an empty one behind read models that know more is the worse failure.
 */
export function refuseLogWithoutAccount(natsData: string): void {
  if (!existsSync(join(natsData, 'jetstream', '$G', 'streams', ACCOUNTS_STREAM.name))) return;
  throw new StackError(
    'The event log of this profile is from a version without NATS accounts and cannot be taken over. Start once with --fresh, which begins with empty data.',
  );
}
