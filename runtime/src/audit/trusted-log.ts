import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../process/logger.ts';
import type { EventLog } from '../log/event-log.ts';
import { createJetStreamLog } from '../log/jetstream.ts';
import { createReadLogServers } from '../log/servers/states.ts';
import { type CopyStates, createLeaderTrust, withTrustedLeader } from './leader-trust.ts';

/** The stream of the log, the user of the connection, and what the auditor says of the servers. */
export type TrustedLogOptions = {
  readonly stream: string;
  readonly user: string;
  readonly readStates: () => Promise<CopyStates>;
  readonly logger: Logger;
};

/** The log as a service uses it. Disposing it ends the looks at what the auditor says. */
export type TrustedLog = Disposable & { readonly log: EventLog };

/** The event log without the copies that the auditor does not trust. */
export async function createTrustedLog(
  nc: NatsConnection,
  { stream, user, readStates, logger }: TrustedLogOptions,
): Promise<TrustedLog> {
  const servers = createReadLogServers(nc, { stream, user });
  const trust = createLeaderTrust({
    readLeader: async (signal) => (await servers(signal)).leader,
    readStates,
    logger,
  });
  const { isTrusted, assert: assertLeader } = trust;
  const log = await createJetStreamLog(nc, { stream, user, isTrusted, assertLeader });
  return {
    log: withTrustedLeader(log, trust),
    [Symbol.dispose]: () => trust[Symbol.dispose](),
  };
}
