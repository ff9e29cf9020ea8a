import { NATS_PERMISSIONS, type NatsUser } from '@zameni/contracts';

/** A user of the cluster. */
export type NatsLogin = { readonly user: NatsUser; readonly password: string };

/** What one server of the NATS cluster needs to know. */
export type NatsServer = {
  readonly name: string;
  readonly clusterName: string;
  readonly clientPort: number;
  readonly routePort: number;
  readonly monitorPort: number;
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
http: "127.0.0.1:${server.monitorPort}"
max_payload: 1MB

jetstream {
  store_dir: ${JSON.stringify(server.dataFolder)}
  # An acknowledgement waits for the disk; the cluster commits many of them with one write.
  sync_interval: always
  limits {
    # The default of 50 open batches is reached by a few command-api processes under load.
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

authorization {
  users: [
${server.logins.map(userEntry).join('\n')}
  ]
}
`;
}

function userEntry({ user, password }: NatsLogin): string {
  const { publish, subscribe } = NATS_PERMISSIONS[user];
  return `    {
      user: ${JSON.stringify(user)}, password: ${JSON.stringify(password)}
      permissions {
        publish { allow: ${JSON.stringify(publish)} }
        subscribe { allow: ${JSON.stringify(subscribe)} }
      }
    }`;
}
