import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { httpProbe, type Probe } from '../../supervisor/probe.ts';

const Group = Type.Object({ leader: Type.Optional(Type.String()) });

/** The part of a NATS server's `/jsz?streams=1` that names leaders. */
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
export function natsProbe(monitorUrl: string): Probe {
  const isWhole = httpProbe(`${monitorUrl}/healthz`);
  return async (signal) => {
    // Requested first, because every failed health check logs a warning in the server.
    const response = await fetch(`${monitorUrl}/jsz?streams=1`, { signal });
    const leaderless = findLeaderless(await response.json());
    if (leaderless !== null) throw new Error(`${leaderless} has no leader yet`);
    await isWhole(signal);
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
