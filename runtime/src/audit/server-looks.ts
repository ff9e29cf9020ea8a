import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../errors.ts';

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

/** A server's `/jsz?streams=1`. The name of a server is in `/varz` only. */
const JetStreamReport = Compile(
  Type.Object({
    server_id: Type.String(),
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

const ServerReport = Compile(Type.Object({ server_id: Type.String(), server_name: Type.String() }));

/** Milliseconds for one answer. A server that is late is looked at again a second later. */
const DEADLINE_MS = 1_000;

/**
 * Looks at every server through its own monitoring port. No API of JetStream tells what one server
 * holds: only the leader answers, about itself.
 */
export function createLookAtServers(monitors: readonly string[], stream: string): LookAtServers {
  /** The names of the servers by their ids. */
  const names = new Map<string, string>();

  async function look(monitor: string, signal: AbortSignal): Promise<ServerLook> {
    const report = await getJson(`${monitor}/jsz?streams=1`, signal);
    if (!JetStreamReport.Check(report)) throw new Fault('a server reports in an unknown form');
    const { server_id: serverId, account_details: accounts = [] } = report;
    const state = accounts
      .flatMap(({ stream_detail: streams = [] }) => streams)
      .find(({ name }) => name === stream)?.state;
    const copy =
      state === undefined
        ? undefined
        : {
            messages: state.messages,
            bytes: state.bytes,
            first: state.first_seq,
            last: state.last_seq,
          };
    return { server: await nameOf(monitor, serverId, signal), serverId, copy };
  }

  async function nameOf(monitor: string, serverId: string, signal: AbortSignal): Promise<string> {
    const known = names.get(serverId);
    if (known !== undefined) return known;
    const report = await getJson(`${monitor}/varz`, signal);
    if (!ServerReport.Check(report) || report.server_id !== serverId) {
      throw new Fault('a server started again between two questions');
    }
    const { server_name: name } = report;
    for (const [id, other] of names) if (other === name) names.delete(id);
    names.set(serverId, name);
    return name;
  }

  return async (signal) => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
    const looks = await Promise.allSettled(monitors.map((monitor) => look(monitor, bounded)));
    signal.throwIfAborted();
    return looks.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  };
}

async function getJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal });
  return response.json();
}
