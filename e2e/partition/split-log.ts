import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OwnLog, startOwnLog } from '../full-disk/own-log.ts';
import { type RouteProxy, startRouteProxy } from './route-proxy.ts';

/** A log whose servers can be cut off from each other. */
export type SplitLog = AsyncDisposable & {
  readonly own: OwnLog;
  /** Cuts a server off from the two others. Clients still reach every one. */
  readonly cutOff: (server: number) => void;
  readonly heal: () => void;
};

const SERVERS = [0, 1, 2] as const;

/** Starts three servers, each with a way of its own to each other one. */
export async function startSplitLog(): Promise<SplitLog> {
  await using opening = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), 'zameni-partition-'));
  opening.defer(() => rm(root, { recursive: true, force: true }));
  const ways: { readonly ends: readonly [from: number, to: number]; readonly way: RouteProxy }[] =
    [];
  const own = opening.use(
    await startOwnLog({
      root,
      dataFolders: SERVERS.map((server) => join(root, `server-${server}`)),
      openWays: async (routePorts) => {
        for (const from of SERVERS) {
          for (const to of SERVERS) {
            const way = opening.use(await startRouteProxy(routePorts[to] ?? 0));
            ways.push({ ends: [from, to], way });
          }
        }
        return (from, to) =>
          ways.find(({ ends }) => ends[0] === from && ends[1] === to)?.way.port ?? 0;
      },
    }),
  );
  const started = opening.move();
  return {
    own,
    cutOff: (server) => {
      for (const { ends, way } of ways) if (ends.includes(server)) way.cut();
    },
    heal: () => {
      for (const { way } of ways) way.heal();
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
