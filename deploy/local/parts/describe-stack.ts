import type { NatsUser } from '@zameni/contracts';
import { dataFolder, SERVER_FOLDERS } from '../profile/layout.ts';
import type { PartContext } from './context.ts';
import {
  DATABASE,
  PGBOUNCER_ADMIN,
  PRIMARY_DATABASE,
  REPLICA_DATABASE,
} from './postgres/pgbouncer-config.ts';
import { keepsMails } from './inbox.ts';
import { redisUsers } from './redis/part.ts';
import { serviceProcesses } from './services.ts';
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '../secrets/token-issuer.ts';
import { describeTelemetry } from './telemetry/describe.ts';
import type { Stack } from '@zameni/runtime/stack';

const HOST = '127.0.0.1';

/** The servers that store something. */
const DATA = /^(?:nats-\d|postgres-(?:primary|replica))$/;

/** Writes down the addresses and files of a running stack. */
export function describeStack(context: PartContext, pids: Readonly<Record<string, number>>): Stack {
  const { profile, ports, layout } = context;
  const { secrets } = layout;
  const natsLogin = (user: NatsUser) => ({ user, passwordFile: secrets.natsUsers[user] });
  return {
    profile,
    startedAt: new Date().toISOString(),
    supervisorPid: process.pid,
    gateway: { url: `http://${HOST}:${ports.gateway}`, port: ports.gateway },
    services: serviceProcesses(context).map(({ name, service, port }) => {
      return { name, service, port, url: `http://${HOST}:${port}` };
    }),
    nats: {
      servers: ports.natsClient.map((port) => `${HOST}:${port}`),
      users: {
        admin: natsLogin('admin'),
        'command-api': natsLogin('command-api'),
        projector: natsLogin('projector'),
        'query-api': natsLogin('query-api'),
        mailer: natsLogin('mailer'),
        eraser: natsLogin('eraser'),
        auditor: natsLogin('auditor'),
        analyst: natsLogin('analyst'),
        monitor: natsLogin('monitor'),
      },
    },
    postgres: {
      database: DATABASE,
      primary: { host: HOST, port: ports.postgresPrimary },
      replica: { host: HOST, port: ports.postgresReplica },
      superuser: { user: 'postgres', passwordFile: secrets.postgresSuperuser },
      projector: { user: 'zameni_projector', passwordFile: secrets.postgresProjector },
      query: { user: 'zameni_query', passwordFile: secrets.postgresQuery },
    },
    pgbouncer: {
      host: HOST,
      port: ports.pgbouncer,
      primaryDatabase: PRIMARY_DATABASE,
      replicaDatabase: REPLICA_DATABASE,
      admin: { user: PGBOUNCER_ADMIN, passwordFile: secrets.pgbouncerAdmin },
    },
    redis: {
      cache: { address: `${HOST}:${ports.redis}`, port: ports.redis },
      counters: { address: `${HOST}:${ports.redisCounters}`, port: ports.redisCounters },
      users: Object.fromEntries(
        redisUsers(profile).map((user) => [user, { user, passwordFile: secrets.redisUsers[user] }]),
      ),
    },
    mail: {
      smtpPort: ports.inboxSmtp,
      inboxUrl: keepsMails(profile) ? `http://${HOST}:${ports.inboxWeb}` : null,
      testSmtpPort: keepsMails(profile) ? null : ports.testSmtp,
    },
    telemetry: describeTelemetry(context),
    tokens: {
      issuer: TOKEN_ISSUER,
      audience: TOKEN_AUDIENCE,
      issuerKeyFile: secrets.issuerKey,
      jwksFile: secrets.jwks,
    },
    keys: {
      pepperFile: secrets.pepper,
      kekFile: secrets.kek,
      positionKeyFile: secrets.positionKey,
    },
    folders: {
      root: layout.root,
      secrets: layout.secretsFolder,
      logs: layout.logs,
      data: Object.fromEntries(
        SERVER_FOLDERS.filter((name) => DATA.test(name)).map((name) => {
          return [name, dataFolder(layout.servers[name])];
        }),
      ),
    },
    pids: { ...pids },
  };
}
