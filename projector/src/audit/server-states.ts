import type { Logger, ServerLook } from '@zameni/runtime';
import type { CopyFault } from './compare-copies.ts';
import type { AuditedServer, AuditorStore } from './store.ts';

/** What is known of each server, and the transitions between its states. */
export type ServerStates = {
  readonly list: () => readonly Omit<AuditedServer, 'serverId'>[];
  readonly isHealthy: (server: string) => boolean;
  readonly isDamaged: (server: string) => boolean;
  /** Unknown or damaged. A server that was never judged is neither. */
  readonly isSuspect: (server: string) => boolean;
  /** Came back, and its counts were not judged since: it may still be filling its copy. */
  readonly isReturning: (server: string) => boolean;
  /** Has, or had, fewer records than others, and its contents were not compared since. */
  readonly isDifferent: (server: string) => boolean;
  /** Whether the counts of this server say something new. */
  readonly isToBeJudged: (look: ServerLook) => boolean;
  /** Notes that a server started again. Returns false if it did not. */
  readonly noteStart: (look: ServerLook) => Promise<boolean>;
  /** Notes that the counts differ. Returns false if that is known, or was found harmless. */
  readonly noteDifference: (look: ServerLook) => Promise<boolean>;
  readonly noteHealthy: (look: ServerLook) => Promise<void>;
  readonly noteDamaged: (server: string, fault: CopyFault) => Promise<void>;
  /** Notes that all contents were compared: whoever is not damaged lacks nothing. */
  readonly noteWalked: (looks: readonly ServerLook[]) => Promise<void>;
};

/** Reads what was known before, so that a take-over asks no server to prove itself again. */
export async function createServerStates(
  store: Pick<AuditorStore, 'readServers' | 'writeServer'>,
  logger: Logger,
): Promise<ServerStates> {
  const known = new Map((await store.readServers()).map((row) => [row.server, row]));
  /** Starts of servers whose counts differ although nothing is missing. */
  const harmless = new Set<string>();
  /** The start of each server, also of those that were never judged. */
  const ids = new Map([...known.values()].map(({ server, serverId }) => [server, serverId]));

  async function enter(next: AuditedServer): Promise<void> {
    // Written first: a state that nobody else knows protects nobody.
    await store.writeServer(next);
    known.set(next.server, next);
    const fields = { server: next.server, state: next.state, reason: next.reason };
    if (next.state !== 'damaged') logger.info(fields, 'a copy of the log is judged');
  }

  const stateOf = (server: string) => known.get(server)?.state;
  const isDifferent = (server: string) => known.get(server)?.reason === 'counts-differ';
  return {
    list: () => [...known.values()].map(({ server, state, reason }) => ({ server, state, reason })),
    isHealthy: (server) => stateOf(server) === 'healthy',
    isDamaged: (server) => stateOf(server) === 'damaged',
    isSuspect: (server) => stateOf(server) === 'damaged' || stateOf(server) === 'unknown',
    isReturning: (server) => known.get(server)?.reason === 'came-back',
    isDifferent,
    isToBeJudged: ({ server }) => stateOf(server) !== 'damaged',
    noteStart: async ({ server, serverId }) => {
      const before = ids.get(server);
      ids.set(server, serverId);
      if (before === serverId || !known.has(server)) return before !== serverId;
      await enter({ server, serverId, state: 'unknown', reason: 'came-back' });
      return true;
    },
    noteDifference: async ({ server, serverId }) => {
      if (harmless.has(serverId) || isDifferent(server)) return false;
      await enter({ server, serverId, state: 'unknown', reason: 'counts-differ' });
      return true;
    },
    noteHealthy: ({ server, serverId }) => {
      return enter({ server, serverId, state: 'healthy', reason: null });
    },
    noteDamaged: async (server, { records, first }) => {
      const serverId = ids.get(server);
      if (serverId === undefined || stateOf(server) === 'damaged') return;
      logger.error({ server, records, position: first }, 'a copy of the log is damaged');
      await enter({ server, serverId, state: 'damaged', reason: 'records-differ' });
    },
    noteWalked: async (looks) => {
      for (const { server, serverId } of looks) {
        if (!isDifferent(server)) continue;
        harmless.add(serverId);
        await enter({ server, serverId, state: 'healthy', reason: null });
      }
    },
  };
}
