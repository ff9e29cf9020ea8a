import type { CopyStates } from '@zameni/runtime';
import type { AuditedServer, AuditorStore } from './store.ts';

/** The auditor's store in memory, for one auditor at a time. */
export type MemoryAuditorStore = AuditorStore & {
  readonly servers: Map<string, AuditedServer>;
  /** What readers of the table see. */
  readonly states: () => CopyStates;
};

/** An empty store. */
export function createMemoryAuditorStore(): MemoryAuditorStore {
  const servers = new Map<string, AuditedServer>();
  return {
    servers,
    states: () => new Map(servers),
    takeLease: async () => 0,
    renewLease: async () => true,
    releaseLease: async () => undefined,
    readPosition: async () => 0,
    readServers: async () => [...servers.values()],
    writeServer: async (server) => void servers.set(server.server, server),
  };
}
