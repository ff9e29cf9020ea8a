import { ACCOUNTS_STREAM, apiPrefix } from '@zameni/contracts';
import {
  askServer,
  assertHealthyServer,
  coerceError,
  connectNats,
  readSecret,
  watchedServers,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { SERVER_CATALOG } from '../../../deploy/local/install/server-catalog.ts';
import { isAtLeast } from '../../../deploy/local/install/version.ts';
import { type Check, check, type Finding } from './report.ts';

const ServerReport = Compile(
  Type.Object({
    version: Type.String(),
    jetstream: Type.Object({
      config: Type.Optional(Type.Object({ sync_always: Type.Optional(Type.Boolean()) })),
      meta: Type.Optional(Type.Object({ leader: Type.Optional(Type.String()) })),
    }),
  }),
);

const StreamReport = Compile(
  Type.Object({
    config: Type.Record(Type.String(), Type.Unknown()),
    state: Type.Object({ messages: Type.Integer(), last_seq: Type.Integer() }),
    cluster: Type.Object({
      leader: Type.Optional(Type.String()),
      replicas: Type.Optional(
        Type.Array(Type.Object({ name: Type.String(), current: Type.Boolean() })),
      ),
    }),
  }),
);

/** Milliseconds for the answers of one server. */
const DEADLINE_MS = 3_000;

/** The settings that the guarantees depend on. */
const SETTINGS = [
  'storage',
  'retention',
  'discard',
  'num_replicas',
  'allow_atomic',
  'allow_msg_ttl',
  'deny_purge',
] as const;

const WAIT = 'wait until it has caught up; otherwise see its log';
const RESTART = 'stop npm start with Ctrl-C and run it again';

/** Checks the event log: each NATS server, the leader, and the stream with its replicas. */
export function checkLog(stack: Stack): Promise<Check>[] {
  const { nats, folders } = stack;
  const servers = watchedServers(stack).map((server, index) => {
    const name = `nats-${index + 1}`;
    const remedy = `tail -n 30 ${folders.logs}/${name}.log; ${RESTART}`;
    const look = async () => {
      const signal = AbortSignal.timeout(DEADLINE_MS);
      const { data: report } = await askServer(server, 'VARZ', {}, signal);
      if (!ServerReport.Check(report)) throw new Error('does not report on JetStream');
      const { meta, config } = report.jetstream;
      return judgeServer({
        version: report.version,
        leader: meta?.leader,
        isSynced: config?.sync_always === true,
        unhealthy: await assertHealthyServer(server, signal).then(
          () => null,
          (fault: unknown) => coerceError(fault).message,
        ),
      });
    };
    return check({ area: 'log', name, remedy, look });
  });
  const stream = check({
    area: 'log',
    name: `stream ${ACCOUNTS_STREAM.name}`,
    remedy: `repair the servers above first; then ${RESTART}`,
    look: async () => judgeStream(await readStream(nats)),
  });
  return [...servers, stream];
}

/** Judges the report of one NATS server. */
export function judgeServer(server: {
  readonly version: string;
  readonly leader: string | undefined;
  readonly isSynced: boolean;
  /** Why it does not call itself healthy; null if it does. */
  readonly unhealthy: string | null;
}): Finding {
  const { version, leader, isSynced, unhealthy } = server;
  const { minimumVersion } = SERVER_CATALOG.nats;
  const fault = (found: string, remedy: string) => ({ level: 'fail' as const, found, remedy });
  if (!isAtLeast(version, minimumVersion)) {
    const found = `${version}: the guards of batches have a bug, ${minimumVersion} is needed`;
    return fault(found, RESTART);
  }
  if (!isSynced) return fault('acknowledges before it writes to disk (sync_interval)', RESTART);
  if (!leader) return fault('knows no leader of the cluster', 'two of three servers must run');
  if (unhealthy !== null)
    return { level: 'warn', found: `not healthy: ${unhealthy}`, remedy: WAIT };
  return `${version}, writes to disk first, cluster led by ${leader}`;
}

/** Judges the leader's report on the stream. */
export function judgeStream(report: unknown): Finding {
  if (!StreamReport.Check(report)) throw new Error('has no leader that answers');
  const { config, state, cluster } = report;
  const wrong = SETTINGS.filter((name) => config[name] !== ACCOUNTS_STREAM[name]);
  if (wrong.length > 0) {
    return { level: 'fail', found: `has other settings: ${wrong.join(', ')}`, remedy: RESTART };
  }
  const behind = (cluster.replicas ?? []).filter(({ current }) => !current);
  const current = 1 + (cluster.replicas ?? []).length - behind.length;
  const replicas = `${current} of ${ACCOUNTS_STREAM.num_replicas} replicas current`;
  const found = `led by ${cluster.leader || 'nobody'}, ${replicas}, ${state.messages} records`;
  if (!cluster.leader) return { level: 'fail', found, remedy: 'two of three servers must run' };
  if (current >= ACCOUNTS_STREAM.num_replicas) return found;
  // A majority still accepts registrations. Without one more server nothing is accepted.
  const remedy = 'wait until it has caught up; if its server is down, start it (see above)';
  return { level: current >= 2 ? 'warn' : 'fail', found, remedy };
}

async function readStream({ servers, users }: Stack['nats']): Promise<unknown> {
  // The user with the fewest rights that may read this.
  const login = users['query-api'];
  if (login === undefined) throw new Error('the stack has no NATS user query-api');
  const nc = await connectNats({
    servers,
    user: login.user,
    password: readSecret(login.passwordFile),
    name: 'zameni doctor',
  });
  try {
    const answer = await nc.request(
      `${apiPrefix(login.user)}.STREAM.INFO.${ACCOUNTS_STREAM.name}`,
      undefined,
      { timeout: 3_000 },
    );
    return answer.json();
  } finally {
    await nc.close();
  }
}
