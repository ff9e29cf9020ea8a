import { setTimeout as delay } from 'node:timers/promises';
import { type CopyRecord, createLogger, type LogServers } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createAuditor } from './auditor.ts';
import { createMemoryAuditorStore } from './memory-auditor.fixture.ts';
import type { AuditedServer } from './store.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

/** A server, how often it started, and the positions that it holds and that it can read. */
type FakeServer = { starts: number; held: Set<number>; unreadable: Set<number> };

/** More than one piece of a walk, and more than is compared before a server is believed. */
const LAST = 20_000;

function createServer(missing: readonly number[] = []): FakeServer {
  const held = new Set(Array.from({ length: LAST }, (_, index) => index + 1));
  for (const position of missing) held.delete(position);
  return { starts: 1, held, unreadable: new Set() };
}

function startTestAuditor(
  t: ExecutionContext,
  servers: Readonly<Record<string, FakeServer>>,
  before: readonly AuditedServer[] = [],
) {
  const store = createMemoryAuditorStore();
  for (const server of before) store.servers.set(server.server, server);
  const world: LogServers & { leader: string; askedFor: string[] } & {
    isWalkable: boolean;
    pieceMs: number;
    looks: number;
  } = {
    head: LAST,
    leader: 'n1',
    names: ['n1', 'n2', 'n3'],
    silent: [],
    catchingUp: [],
    askedFor: [],
    isWalkable: true,
    pieceMs: 0,
    looks: 0,
  };
  const auditor = createAuditor({
    store,
    logger,
    lookMs: 5,
    againMs: 1,
    lookAtServers: async () => {
      world.looks += 1;
      return Object.entries(servers).map(([server, { starts, held }]) => ({
        server,
        serverId: `${server}-${starts}`,
        copy: { messages: held.size, bytes: held.size, first: 1, last: LAST },
      }));
    },
    openCopy: async (server, from) => {
      if (from === 1 && !world.isWalkable) throw new Error('cannot be read');
      let next = from;
      return {
        readUpTo: async (position) => {
          if (world.pieceMs > 0) await delay(world.pieceMs);
          const records: CopyRecord[] = [];
          for (; next <= position; next += 1) {
            const { held, unreadable } = servers[server] ?? createServer();
            if (!held.has(next) || unreadable.has(next)) continue;
            records.push({ position: next, digest: `${next}`, isEnding: false });
          }
          return records;
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    servers: async () => world,
    stepDown: async (preferred) => {
      world.askedFor.push(preferred);
      world.leader = preferred;
    },
  });
  const stopping = new AbortController();
  const stopped = auditor.run(stopping.signal);
  t.teardown(async () => {
    stopping.abort();
    await stopped;
  });
  const stateOf = (server: string) => store.servers.get(server)?.state;
  return { auditor, store, world, stateOf };
}

test('copies that agree are healthy, and are compared to the end', async (t) => {
  const servers = { n1: createServer(), n2: createServer(), n3: createServer() };
  const { auditor, stateOf, world } = startTestAuditor(t, servers);
  await waitUntil(() => auditor.progress()?.comparedUpTo === LAST);
  t.deepEqual(['n1', 'n2', 'n3'].map(stateOf), ['healthy', 'healthy', 'healthy']);
  t.deepEqual(world.askedFor, []);
  t.is(auditor.status().state, 'active');
});

test('a copy that holds a record by its index only is damaged, and loses the lead', async (t) => {
  const servers = { n1: createServer(), n2: createServer(), n3: createServer() };
  servers.n1.unreadable.add(17);
  const { auditor, stateOf, world } = startTestAuditor(t, servers);
  await waitUntil(() => world.askedFor.length > 0);
  t.is(stateOf('n1'), 'damaged');
  t.not(world.leader, 'n1');
  await waitUntil(() => auditor.progress()?.comparedUpTo === LAST);
  t.deepEqual(['n2', 'n3'].map(stateOf), ['healthy', 'healthy']);
  t.like(
    auditor.progress()?.servers.find(({ server }) => server === 'n1'),
    { state: 'damaged', reason: 'records-differ' },
  );
});

test('a server that comes back with a hole is not believed, then damaged', async (t) => {
  const servers = { n1: createServer(), n2: createServer(), n3: createServer() };
  const { stateOf, store, world } = startTestAuditor(t, servers);
  await waitUntil(() => store.servers.size === 3);
  world.leader = 'n2';
  servers.n2.starts += 1;
  for (const position of [20, 21, 22]) servers.n2.held.delete(position);
  await waitUntil(() => stateOf('n2') === 'unknown');
  await waitUntil(() => world.askedFor.length > 0);
  t.not(world.leader, 'n2');
  await waitUntil(() => stateOf('n2') === 'damaged', 20_000);
  t.deepEqual(['n1', 'n3'].map(stateOf), ['healthy', 'healthy']);
});

test('a damaged server is healthy again when it starts with another copy', async (t) => {
  const damaged: AuditedServer = {
    server: 'n3',
    serverId: 'n3-1',
    state: 'damaged',
    reason: 'records-differ',
  };
  const servers = { n1: createServer(), n2: createServer(), n3: createServer([4]) };
  const { auditor, stateOf } = startTestAuditor(t, servers, [damaged]);
  await waitUntil(() => auditor.progress()?.comparedUpTo === LAST);
  t.is(stateOf('n3'), 'damaged');
  servers.n3.starts += 1;
  servers.n3.held.add(4);
  await waitUntil(() => stateOf('n3') === 'healthy');
});

test('a take-over asks nobody to prove itself again', async (t) => {
  const before = ['n1', 'n2', 'n3'].map((server): AuditedServer => {
    return { server, serverId: `${server}-1`, state: 'healthy', reason: null };
  });
  const servers = { n1: createServer(), n2: createServer(), n3: createServer() };
  const { auditor, stateOf } = startTestAuditor(t, servers, before);
  await waitUntil(() => auditor.progress() !== undefined);
  t.deepEqual(['n1', 'n2', 'n3'].map(stateOf), ['healthy', 'healthy', 'healthy']);
});

test('a leader that nobody may follow keeps the lead', async (t) => {
  const servers = { n1: createServer([9]), n2: createServer([3]) };
  const before = ['n1', 'n2'].map((server): AuditedServer => {
    return { server, serverId: `${server}-1`, state: 'damaged', reason: 'records-differ' };
  });
  const { auditor, world } = startTestAuditor(t, servers, before);
  await waitUntil(() => auditor.progress() !== undefined);
  t.deepEqual(world.askedFor, []);
});

const DIFFERENT: AuditedServer = {
  server: 'n2',
  serverId: 'n2-1',
  state: 'unknown',
  reason: 'counts-differ',
};

test('a copy whose counts differed is healthy only when all contents are compared', async (t) => {
  const servers = { n1: createServer(), n2: createServer(), n3: createServer() };
  const { auditor, stateOf, store, world } = startTestAuditor(t, servers, [DIFFERENT]);
  world.isWalkable = false;
  await waitUntil(() => stateOf('n1') === 'healthy' && stateOf('n3') === 'healthy');
  const before = world.looks;
  await waitUntil(() => world.looks > before + 5);
  t.is(stateOf('n2'), 'unknown', 'counts that agree by now prove nothing');
  world.isWalkable = true;
  await waitUntil(() => stateOf('n2') === 'healthy');
  t.is(store.servers.get('n2')?.reason, null);
  t.is(auditor.progress()?.comparedUpTo ?? LAST, LAST);
});

test('an auditor that takes over does not rest while it compares a copy whose counts differ', async (t) => {
  const servers = { n1: createServer(), n2: createServer(), n3: createServer() };
  const { auditor, world } = startTestAuditor(t, servers, [DIFFERENT]);
  world.pieceMs = 10;
  await waitUntil(() => auditor.progress() !== undefined);
  // A piece is a thousand records. How many a look has time for depends on the machine.
  t.true((auditor.progress()?.comparedUpTo ?? 0) >= 2_000, 'several pieces at one look');
});
