import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  createLookAtServers,
  createOpenCopy,
  createReadLogServers,
  createStepDown,
  createTrustedLog,
  type EventLog,
} from '@zameni/runtime';
import { createSilentLogger, PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';
// oxlint-disable-next-line no-restricted-imports -- a whole system does not fit beside three servers
import { createAuditor } from '../../projector/src/audit/auditor.ts';
// oxlint-disable-next-line no-restricted-imports -- as above
import { createMemoryAuditorStore } from '../../projector/src/audit/memory-auditor.fixture.ts';
import { type OwnLog, type OwnServer, startOwnLog } from '../full-disk/own-log.ts';

/** A log on three servers with an auditor, and the log as a service uses it. */
export type AuditedLog = AsyncDisposable & {
  readonly own: OwnLog;
  readonly trusted: EventLog;
  readonly stateOf: (server: OwnServer) => string | undefined;
  readonly leader: () => Promise<OwnServer>;
  readonly follower: () => Promise<OwnServer>;
  /** Keeps the auditor from acting, as if its process was gone, and lets it go on. */
  readonly stopAuditor: () => Promise<void>;
  readonly startAuditor: () => void;
  /** Makes a server the leader, as an election would. The auditor may be about to change it. */
  readonly handOverTo: (server: OwnServer) => Promise<void>;
};

/** Free bytes with which blocks of the stream have 32 kB; without any they have 8 MB. */
export const SMALL_BLOCKS = 160_000;

const STREAM = { stream: 'ACCOUNTS', user: 'admin' };
const MAX_HAND_OVERS = 4;
const HAND_OVER_MS = 1_500;
const LOOK_MS = 10;

/** Starts the servers and the auditor, and waits until all copies are healthy. */
export async function startAuditedLog(freeBytes?: number): Promise<AuditedLog> {
  await using opening = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), 'zameni-damage-'));
  opening.defer(() => rm(root, { recursive: true, force: true }));
  const dataFolders = [1, 2, 3].map((n) => join(root, `server-${n}`));
  const own = opening.use(
    await startOwnLog({ root, dataFolders, ...(freeBytes === undefined ? {} : { freeBytes }) }),
  );
  const { nc, servers } = own;
  const logger = createSilentLogger();
  const store = createMemoryAuditorStore();
  const readServers = createReadLogServers(nc, STREAM);
  const stepDown = createStepDown(nc, STREAM);
  const auditor = createAuditor({
    lookAtServers: createLookAtServers(
      servers.map(({ watched }) => watched),
      STREAM.stream,
    ),
    openCopy: createOpenCopy({ nc, ...STREAM }),
    servers: readServers,
    stepDown,
    store,
    logger,
    againMs: 500,
  });
  let stopping = new AbortController();
  let stopped = Promise.resolve();
  const startAuditor = () => {
    stopping = new AbortController();
    stopped = auditor.run(stopping.signal);
  };
  const stopAuditor = async () => {
    stopping.abort();
    await stopped;
  };
  startAuditor();
  opening.defer(stopAuditor);
  const trusted = opening.use(
    await createTrustedLog(nc, { ...STREAM, readStates: async () => store.states(), logger }),
  );
  const stateOf = ({ name }: OwnServer) => store.servers.get(name)?.state;
  const leader = async () => {
    const { leader: name } = await readServers(AbortSignal.timeout(PATIENCE_MS));
    const found = servers.find((server) => server.name === name);
    if (found === undefined) throw new Error('nobody leads');
    return found;
  };
  await waitUntil(() => servers.every((server) => stateOf(server) === 'healthy')).catch(
    (cause: unknown) => {
      throw new Error(`not all copies are healthy: ${JSON.stringify(store.states())}`, { cause });
    },
  );
  const started = opening.move();
  return {
    own,
    trusted: trusted.log,
    stateOf,
    leader,
    stopAuditor,
    startAuditor,
    follower: async () => {
      const leading = await leader();
      const found = servers.find((server) => server !== leading);
      if (found === undefined) throw new Error('nobody follows');
      return found;
    },
    handOverTo: async (server) => {
      const isLeader = async () => (await leader().catch(() => undefined)) === server;
      for (let tries = 0; tries < MAX_HAND_OVERS; tries += 1) {
        await stepDown(server.name).catch(() => undefined);
        const untilMs = performance.now() + HAND_OVER_MS;
        while (performance.now() < untilMs) {
          if (await isLeader()) return;
          await pause(LOOK_MS);
        }
      }
      throw new Error(`${server.name} does not become the leader`);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
