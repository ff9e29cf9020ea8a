import { askServer, type WatchedServer } from '@zameni/runtime';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

/** What services hold at the servers of the log, over all servers. */
export type HeldAtServers = { readonly consumers: number; readonly subscriptions: number };

/** The part of a server's report on JetStream that lists the consumers it leads. */
const Report = Type.Object({
  account_details: Type.Optional(
    Type.Array(
      Type.Object({
        stream_detail: Type.Array(
          Type.Object({
            consumer_detail: Type.Optional(Type.Array(Type.Object({ name: Type.String() }))),
          }),
        ),
      }),
    ),
  ),
});

const Subscriptions = Type.Object({ subscriptions: Type.Integer() });
const DEADLINE_MS = 2_000;

/** Counts the consumers of the log and the subscriptions of everybody. */
export async function measureServers(servers: readonly WatchedServer[]): Promise<HeldAtServers> {
  const names = new Set<string>();
  let subscriptions = 0;
  for (const server of servers) {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const options = { accounts: true, streams: true, consumer: true };
    const { data: report } = await askServer(server, 'JSZ', options, signal);
    const { data: counts } = await askServer(server, 'VARZ', {}, signal);
    if (!Value.Check(Report, report) || !Value.Check(Subscriptions, counts)) {
      throw new Error('a report of NATS is not of our form');
    }
    subscriptions += counts.subscriptions;
    for (const { stream_detail: streams } of report.account_details ?? []) {
      for (const { consumer_detail: consumers } of streams) {
        for (const { name } of consumers ?? []) names.add(name);
      }
    }
  }
  return { consumers: names.size, subscriptions };
}
