import { askServer, assertHealthyServer, type WatchedServer } from '@zameni/runtime';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Probe } from '../../supervisor/probe.ts';

const Group = Type.Object({ leader: Type.Optional(Type.String()) });

/** The part of a NATS server's report on JetStream that names leaders. */
const JetStreamReport = Type.Object({
  meta_cluster: Type.Optional(Group),
  account_details: Type.Optional(
    Type.Array(
      Type.Object({
        stream_detail: Type.Optional(
          Type.Array(Type.Object({ name: Type.String(), cluster: Type.Optional(Group) })),
        ),
      }),
    ),
  ),
});

/** Ready when this NATS server knows the leader of each group and reports itself as healthy. */
export function natsProbe(server: WatchedServer): Probe {
  return async (signal) => {
    // Requested first, because every failed health check logs a warning in the server.
    const { data } = await askServer(server, 'JSZ', { streams: true }, signal);
    const leaderless = findLeaderless(data);
    if (leaderless !== null) throw new Error(`${leaderless} has no leader yet`);
    await assertHealthyServer(server, signal);
  };
}

/** Names a group without a leader. A request to that group would get no reply. */
export function findLeaderless(report: unknown): string | null {
  if (!Value.Check(JetStreamReport, report)) return 'a server that does not report on JetStream';
  if (!report.meta_cluster?.leader) return 'the cluster';
  const streams = (report.account_details ?? []).flatMap((account) => account.stream_detail ?? []);
  const leaderless = streams.find(({ cluster }) => !cluster?.leader);
  return leaderless === undefined ? null : `stream ${leaderless.name}`;
}
