import { join } from 'node:path';
import { PRIMARY_DATABASE, REPLICA_DATABASE } from './pgbouncer-config.ts';
import { type PartContext, serverEnvironment } from './part-context.ts';
import { httpProbe } from './probe.ts';
import { REPOSITORY } from './profile.ts';
import type { Service } from './scale.ts';
import type { ProcessPart } from './supervised-process.ts';

/** Which of the caller's variables a service may see besides its own. */
const PASSED_ON = /^(?:OTEL_\w+|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|HOME|TMPDIR)$/;

/** One process of a service. */
export type ServiceProcess = {
  readonly service: Service;
  readonly name: string;
  readonly port: number;
};

/** Lists the processes of all services with their ports. */
export function serviceProcesses({ ports }: Pick<PartContext, 'ports'>): ServiceProcess[] {
  const list = (service: Service, numbers: readonly number[]) =>
    numbers.map((port, index) => ({ service, name: `${service}-${index + 1}`, port }));
  return [
    ...list('command-api', ports.commandApi),
    ...list('projector', ports.projector),
    ...list('query-api', ports.queryApi),
  ];
}

/** Makes the service processes, each with the variables of its service only. */
export function serviceParts(context: PartContext, after: readonly string[]): ProcessPart[] {
  return serviceProcesses(context).map(
    ({ service, name, port }): ProcessPart => ({
      kind: 'process',
      name,
      after,
      command: [process.execPath, '--import', '@zameni/runtime/telemetry', 'src/main.ts'],
      cwd: join(REPOSITORY, service),
      env: {
        ...serverEnvironment(),
        ...passedOn(process.env),
        ...serviceEnvironment(context, service),
        ZAMENI_PORT: String(port),
        ZAMENI_INSTANCE: name,
      },
      deathSignal: 'KILL',
      stop: { signal: 'SIGTERM', deadlineMs: 15_000 },
      probe: httpProbe(`http://127.0.0.1:${port}/readyz`),
      readyDeadlineMs: 30_000,
      showsLines: true,
      mustDrain: true,
    }),
  );
}

function serviceEnvironment(context: PartContext, service: Service): Record<string, string> {
  const { profile } = context;
  const { secrets } = context.layout;
  const logLevel = process.env['ZAMENI_LOG_LEVEL'];
  const common = {
    ZAMENI_HOST: '127.0.0.1',
    ...(logLevel === undefined ? {} : { ZAMENI_LOG_LEVEL: logLevel }),
    ...logEnvironment(context, service),
  };
  switch (service) {
    case 'command-api':
      return {
        ...common,
        ...callerEnvironment(context),
        ...storeEnvironment(context, 'zameni_command', secrets.postgresCommand),
        ZAMENI_PEPPER_FILE: secrets.pepper,
        ZAMENI_KEK_FILE: secrets.kek,
        ZAMENI_POSITION_KEY_FILE: secrets.positionKey,
        ZAMENI_VERIFICATION_KEY_FILE: secrets.verificationKey,
        ...(profile === 'local' ? DEMO_LIMITS : UNLIMITED),
      };
    case 'projector':
      return {
        ...common,
        ...storeEnvironment(context, 'zameni_projector', secrets.postgresProjector),
        ZAMENI_KEK_FILE: secrets.kek,
        ZAMENI_PEPPER_FILE: secrets.pepper,
        ZAMENI_ERASER_NATS_PASSWORD_FILE: secrets.natsUsers.eraser,
      };
    case 'query-api':
      return {
        ...common,
        ...callerEnvironment(context),
        ...storeEnvironment(context, 'zameni_query', secrets.postgresQuery),
        ZAMENI_POSTGRES_REPLICA_URL: poolUrl(context, 'zameni_query', REPLICA_DATABASE),
        ZAMENI_POSITION_KEY_FILE: secrets.positionKey,
      };
    default:
      return service satisfies never;
  }
}

/** The demo registers a thousand people from one address at once. */
const DEMO_LIMITS = { ZAMENI_LIMIT_CLIENT: '60000/60' } as const;

/** Tests and benchmarks send everything from one address; the tests of the limits set their own. */
const UNLIMITED = { ZAMENI_LIMIT_CLIENT: 'off', ZAMENI_LIMIT_MAILBOX: 'off' } as const;

function logEnvironment({ ports, layout }: PartContext, service: Service): Record<string, string> {
  return {
    ZAMENI_NATS_SERVERS: ports.natsClient.map((port) => `127.0.0.1:${port}`).join(','),
    ZAMENI_NATS_USER: service,
    ZAMENI_NATS_PASSWORD_FILE: layout.secrets.natsUsers[service],
  };
}

function callerEnvironment({ layout }: PartContext): Record<string, string> {
  return { ZAMENI_JWT_ISSUERS_FILE: layout.issuersFile };
}

function storeEnvironment(
  context: PartContext,
  user: string,
  passwordFile: string,
): Record<string, string> {
  return {
    ZAMENI_POSTGRES_URL: poolUrl(context, user, PRIMARY_DATABASE),
    ZAMENI_POSTGRES_PASSWORD_FILE: passwordFile,
    ZAMENI_REDIS_URL: `redis://127.0.0.1:${context.ports.redis}/0`,
    ZAMENI_REDIS_PASSWORD_FILE: context.layout.secrets.redis,
  };
}

function poolUrl({ ports }: PartContext, user: string, database: string): string {
  return `postgres://${user}@127.0.0.1:${ports.pgbouncer}/${database}`;
}

function passedOn(environment: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(environment).flatMap(([name, value]) =>
    PASSED_ON.test(name) && value !== undefined ? [[name, value] as const] : [],
  );
  return Object.fromEntries(entries);
}
