import { Fault } from '../../errors.ts';
import { readSecret } from '../../keys/secret-file.ts';
import type { Stack } from '../../process/stack.ts';
import type { WatchedServer } from './ask-server.ts';

/** Returns the log's servers of a stack, in their order, to be asked about themselves. */
export function watchedServers({ nats }: Pick<Stack, 'nats'>): WatchedServer[] {
  const login = nats.users['monitor'];
  if (login === undefined) throw new Fault('the stack has no NATS user monitor');
  const { user, passwordFile } = login;
  const password = readSecret(passwordFile);
  return nats.servers.map((address) => ({ address, user, password }));
}
