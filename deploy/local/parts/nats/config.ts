import {
  LOG_ACCOUNT,
  NATS_PERMISSIONS,
  type NatsUser,
  SYSTEM_ACCOUNT,
  toImported,
} from '@zameni/contracts';

/** A user of the cluster. */
export type NatsLogin = { readonly user: NatsUser; readonly password: string };

/** Settings of one server of the NATS cluster. */
export type NatsServer = {
  readonly name: string;
  readonly clusterName: string;
  readonly clientPort: number;
  readonly routePort: number;
  readonly allRoutePorts: readonly number[];
  readonly dataFolder: string;
  readonly logins: readonly NatsLogin[];
  readonly routePassword: string;
};

/** Writes the configuration of one server of the cluster. */
export function natsConfig(server: NatsServer): string {
  const routes = server.allRoutePorts.map(
    (port) => `    nats-route://route:${server.routePassword}@127.0.0.1:${port}`,
  );
  return `server_name: ${server.name}
listen: "127.0.0.1:${server.clientPort}"
max_payload: 1MB

jetstream {
  store_dir: ${JSON.stringify(server.dataFolder)}
  # The stream has its own bound, at which it refuses appends. At this bound, by default three
  # quarters of the free space at the start, it would lose its leader, even after a restart.
  max_file_store: 1PB
  # An acknowledgement waits for the disk. The cluster commits many of them with one write.
  sync_interval: always
  limits {
    # A few command-api processes under load reach the default of 50 open batches.
    batch { max_inflight_per_stream: 1000 }
  }
}

cluster {
  name: ${server.clusterName}
  listen: "127.0.0.1:${server.routePort}"
  authorization { user: route, password: ${JSON.stringify(server.routePassword)} }
  routes: [
${routes.join('\n')}
  ]
}

accounts: ${JSON.stringify(toAccounts(server.logins), null, 2)}
`;
}

/** Calls with several replies. For all other calls the reply path ends after the first reply. */
const HAS_SEVERAL_ANSWERS = /\.(?:CONSUMER\.MSG\.NEXT\..+|DIRECT\.GET\.[^.]+)$/;

/**
 * The admin is in the account of the log. Every other user is in an account that imports the
 * subjects it may publish to. JetStream replies to any subject that its caller names, regardless of
 * the caller's permissions, and so do the servers when they are asked about themselves. Across
 * accounts the servers choose the reply path themselves, and it ends in the caller's account. The
 * account of the servers has no user at all, and no port of theirs answers without a login.
 */
function toAccounts(logins: readonly NatsLogin[]): object {
  const own = logins.filter(({ user }) => user === 'admin');
  const others = logins.filter(({ user }) => user !== 'admin');
  return {
    [LOG_ACCOUNT]: {
      jetstream: 'enabled',
      users: own.map(toUser),
      exports: toExports(LOG_ACCOUNT, others),
    },
    [SYSTEM_ACCOUNT]: { exports: toExports(SYSTEM_ACCOUNT, others) },
    ...Object.fromEntries(
      others.map((login) => [login.user, { users: [toUser(login)], imports: toImports(login) }]),
    ),
  };
}

function toExports(account: string, logins: readonly NatsLogin[]): object[] {
  const importers = Map.groupBy(
    logins.flatMap(({ user }) =>
      NATS_PERMISSIONS[user].publish
        .map(toImported)
        .filter((from) => from.account === account)
        .map(({ subject: service }) => ({ user, service })),
    ),
    ({ service }) => service,
  );
  return [...importers].map(([service, users]) => ({
    service,
    accounts: users.map(({ user }) => user),
    response_type: HAS_SEVERAL_ANSWERS.test(service) ? 'stream' : 'singleton',
  }));
}

function toUser({ user, password }: NatsLogin): object {
  const { publish, subscribe } = NATS_PERMISSIONS[user];
  return {
    user,
    password,
    permissions: { publish: { allow: publish }, subscribe: { allow: subscribe } },
  };
}

function toImports({ user }: NatsLogin): object[] {
  return NATS_PERMISSIONS[user].publish.map((subject) => ({
    service: toImported(subject),
    to: subject,
  }));
}
