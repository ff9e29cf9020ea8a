import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../errors.ts';
import { askServer, type WatchedServer } from '../log/servers/ask-server.ts';

/** What one server says of its own copy of the log. */
export type CopyCounts = {
  readonly messages: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
};

/** One server at one moment. */
export type ServerLook = {
  readonly server: string;
  /** Another one after each start of the server. */
  readonly serverId: string;
  /** Undefined while the server has not opened its copy. */
  readonly copy: CopyCounts | undefined;
};

/** Asks every server for itself. Servers that do not answer are left out. */
export type LookAtServers = (signal: AbortSignal) => Promise<readonly ServerLook[]>;

/** A server's report on JetStream, with its streams. */
const JetStreamReport = Compile(
  Type.Object({
    account_details: Type.Optional(
      Type.Array(
        Type.Object({
          stream_detail: Type.Optional(
            Type.Array(
              Type.Object({
                name: Type.String(),
                state: Type.Object({
                  messages: Type.Integer(),
                  bytes: Type.Integer(),
                  first_seq: Type.Integer(),
                  last_seq: Type.Integer(),
                }),
              }),
            ),
          ),
        }),
      ),
    ),
  }),
);

/** Milliseconds for one answer. A server that is late is looked at again a second later. */
const DEADLINE_MS = 1_000;

/**
 * Asks every server about itself. No API of JetStream tells what one server holds: only the leader
 * answers, about itself.
 */
export function createLookAtServers(
  servers: readonly WatchedServer[],
  stream: string,
): LookAtServers {
  async function look(server: WatchedServer, signal: AbortSignal): Promise<ServerLook> {
    const { name, id, data } = await askServer(server, 'JSZ', { streams: true }, signal);
    if (!JetStreamReport.Check(data)) throw new Fault('a server reports in an unknown form');
    const state = (data.account_details ?? [])
      .flatMap(({ stream_detail: streams = [] }) => streams)
      .find((one) => one.name === stream)?.state;
    const copy =
      state === undefined
        ? undefined
        : {
            messages: state.messages,
            bytes: state.bytes,
            first: state.first_seq,
            last: state.last_seq,
          };
    return { server: name, serverId: id, copy };
  }

  return async (signal) => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
    const looks = await Promise.allSettled(servers.map((server) => look(server, bounded)));
    signal.throwIfAborted();
    return looks.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  };
}
