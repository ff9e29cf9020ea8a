import { askServer, type WatchedServer } from '@zameni/runtime/ask-server';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Collect, type Family, type Figure, measure } from './exposition.ts';

const Count = Type.Number({ minimum: 0 });

/** The part of a server's report on itself that is read. */
const Server = Type.Object({ connections: Count, mem: Count, slow_consumers: Count });

const Replica = Type.Object({
  name: Type.String(),
  current: Type.Boolean(),
  lag: Type.Optional(Count),
});

const Stream = Type.Object({
  name: Type.String(),
  config: Type.Optional(Type.Object({ max_bytes: Type.Integer() })),
  state: Type.Object({ messages: Count, bytes: Count, first_seq: Count, last_seq: Count }),
  cluster: Type.Optional(
    Type.Object({
      leader: Type.Optional(Type.String()),
      replicas: Type.Optional(Type.Array(Replica)),
    }),
  ),
});

/** The part of its report on JetStream that is read. */
const JetStream = Type.Object({
  account_details: Type.Optional(
    Type.Array(Type.Object({ stream_detail: Type.Optional(Type.Array(Stream)) })),
  ),
});

const serverCheck = Compile(Server);
const jetStreamCheck = Compile(JetStream);

type Server = Static<typeof Server>;
type Stream = Static<typeof Stream>;
type Replica = Static<typeof Replica>;

const UP: readonly Figure<Answer['report']>[] = [
  ['nats_server_up', 'gauge', 'Whether the server answered', (of) => (of === null ? 0 : 1)],
];

const OF_SERVER: readonly Figure<Server>[] = [
  ['nats_server_connections', 'gauge', 'Connections of clients', (of) => of.connections],
  ['nats_server_memory_bytes', 'gauge', 'Memory of the process', (of) => of.mem],
  [
    'nats_server_slow_consumers_total',
    'counter',
    'Clients that were cut off because they read too slowly',
    (of) => of.slow_consumers,
  ],
];

const OF_STREAM: readonly Figure<Stream & { readonly isLed: boolean }>[] = [
  ['nats_stream_messages', 'gauge', 'Messages of the stream', (of) => of.state.messages],
  ['nats_stream_bytes', 'gauge', 'Size of the stream', (of) => of.state.bytes],
  ['nats_stream_max_bytes', 'gauge', 'Most bytes; -1 is no bound', (of) => of.config?.max_bytes],
  ['nats_stream_first_position', 'gauge', 'Oldest position', (of) => of.state.first_seq],
  ['nats_stream_last_position', 'gauge', 'Newest position', (of) => of.state.last_seq],
  ['nats_stream_leader', 'gauge', '1 on the server that leads', (of) => (of.isLed ? 1 : 0)],
];

/** Only the leader knows how far the others are. */
const OF_REPLICA: readonly Figure<Replica>[] = [
  ['nats_stream_replica_lag', 'gauge', 'Operations that it is behind', (of) => of.lag ?? 0],
  [
    'nats_stream_replica_current',
    'gauge',
    '1 if it was in touch and caught up',
    (of) => (of.current ? 1 : 0),
  ],
];

/** A server of the log, and its name in figures. */
type NamedServer = WatchedServer & { readonly name: string };

/** What a server said; null if it said nothing in time. */
type Answer = {
  readonly name: string;
  readonly report: {
    readonly server: Server;
    readonly streams: readonly Stream[];
  } | null;
};

/**
 * Creates the collector of the log's servers. Each server reports on itself only, so a server that
 * hangs takes `deadlineMs` and hides nothing of the others.
 */
export function createNatsCollector(servers: readonly NamedServer[], deadlineMs: number): Collect {
  return async () => toFamilies(await Promise.all(servers.map((one) => ask(one, deadlineMs))));
}

async function ask({ name, ...asked }: NamedServer, deadlineMs: number): Promise<Answer> {
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const [{ data: server }, { data: jetStream }] = await Promise.all([
      askServer(asked, 'VARZ', {}, signal),
      askServer(asked, 'JSZ', { streams: true, config: true }, signal),
    ]);
    if (!serverCheck.Check(server) || !jetStreamCheck.Check(jetStream)) {
      return { name, report: null };
    }
    const streams = (jetStream.account_details ?? []).flatMap(
      ({ stream_detail: list }) => list ?? [],
    );
    return { name, report: { server, streams } };
  } catch {
    // `nats_server_up` is 0 then.
    return { name, report: null };
  }
}

function toFamilies(answers: readonly Answer[]): Family[] {
  const up = answers.map(({ name, report }) => ({ of: report, labels: { server: name } }));
  const reports = answers.flatMap(({ name, report }) =>
    report === null ? [] : [{ ...report, labels: { server: name } }],
  );
  const streams = reports.flatMap(({ labels, streams: list }) =>
    list.map((stream) => ({
      of: { ...stream, isLed: stream.cluster?.leader === labels.server },
      labels: { ...labels, stream: stream.name },
    })),
  );
  const replicas = streams
    .filter(({ of }) => of.isLed)
    .flatMap(({ of, labels }) =>
      (of.cluster?.replicas ?? []).map((replica) => ({
        of: replica,
        labels: { ...labels, replica: replica.name },
      })),
    );
  return [
    ...measure(UP, up),
    ...measure(
      OF_SERVER,
      reports.map(({ server, labels }) => ({ of: server, labels })),
    ),
    ...measure(OF_STREAM, streams),
    ...measure(OF_REPLICA, replicas),
  ];
}
