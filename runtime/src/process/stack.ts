import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const Login = Type.Object({ user: Type.String(), passwordFile: Type.String() });
const PostgresServer = Type.Object({ host: Type.String(), port: Type.Integer() });
const RedisServer = Type.Object({ address: Type.String(), port: Type.Integer() });

/** The schema of a running stack's description, for tests, the demo and the command line. */
export const Stack = Type.Object({
  profile: Type.Enum(['local', 'test', 'bench']),
  startedAt: Type.String(),
  supervisorPid: Type.Integer(),
  gateway: Type.Object({ url: Type.String(), port: Type.Integer() }),
  services: Type.Array(
    Type.Object({
      name: Type.String(),
      service: Type.Union([
        Type.Literal('command-api'),
        Type.Literal('projector'),
        Type.Literal('query-api'),
        Type.Literal('mailer'),
      ]),
      url: Type.String(),
      port: Type.Integer(),
    }),
  ),
  nats: Type.Object({
    servers: Type.Array(Type.String()),
    users: Type.Record(Type.String(), Login),
  }),
  postgres: Type.Object({
    database: Type.String(),
    primary: PostgresServer,
    replica: PostgresServer,
    superuser: Login,
    projector: Login,
    query: Login,
  }),
  pgbouncer: Type.Object({
    host: Type.String(),
    port: Type.Integer(),
    primaryDatabase: Type.String(),
    replicaDatabase: Type.String(),
    admin: Login,
  }),
  redis: Type.Object({
    cache: RedisServer,
    counters: RedisServer,
    /** Without `tester`, unless the stack is one of tests or benchmarks. */
    users: Type.Record(Type.String(), Login),
  }),
  mail: Type.Object({
    /** Where the mailer's mails go. */
    smtpPort: Type.Integer(),
    /** Where people read them; null if they are thrown away. */
    inboxUrl: Type.Union([Type.String(), Type.Null()]),
    /** Mails go to a test's own SMTP server while it listens here; null if they are kept. */
    testSmtpPort: Type.Union([Type.Integer(), Type.Null()]),
  }),
  /** What watches the stack; null without `--telemetry`. */
  telemetry: Type.Union([
    Type.Object({
      prometheusUrl: Type.String(),
      /** Jaeger's pages and query API; null if Jaeger does not run. */
      jaegerUrl: Type.Union([Type.String(), Type.Null()]),
      /** Where services send spans, by OTLP over HTTP. */
      receiverUrl: Type.String(),
      /** Every finished span, one a line. Older files lie beside it. */
      tracesFile: Type.String(),
      /** Share of the requests without a `traceparent` that are traced. */
      traceRatio: Type.Number(),
      /** What Prometheus scrapes. */
      metrics: Type.Array(
        Type.Object({
          job: Type.String(),
          instance: Type.String(),
          url: Type.String(),
          /** The process that serves the figures: an exporter, or the instance itself. */
          process: Type.String(),
        }),
      ),
    }),
    Type.Null(),
  ]),
  tokens: Type.Object({
    issuer: Type.String(),
    audience: Type.String(),
    issuerKeyFile: Type.String(),
    jwksFile: Type.String(),
  }),
  keys: Type.Object({
    pepperFile: Type.String(),
    kekFile: Type.String(),
    positionKeyFile: Type.String(),
  }),
  folders: Type.Object({
    root: Type.String(),
    secrets: Type.String(),
    logs: Type.String(),
    data: Type.Record(Type.String(), Type.String()),
  }),
  pids: Type.Record(Type.String(), Type.Integer()),
});

/** A running stack's description. */
export type Stack = Static<typeof Stack>;

/** The description of a stack is missing or of another version. */
export class StackFileError extends Error {
  override readonly name = 'StackFileError';
}

const stackCheck = Compile(Stack);

/** The path of the description of a profile's stack. */
export function stackFilePath(profile: Stack['profile']): string {
  return join(import.meta.dirname, '..', '..', '..', '.zameni', profile, 'stack.json');
}

/**
 * Reads the description of a stack. Throws StackFileError; the file exists after the first start.
 */
export async function readStackFile(path: string): Promise<Stack> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new StackFileError(`There is no stack at ${path}: run npm start first.`, { cause });
  });
  const content: unknown = JSON.parse(text);
  if (!stackCheck.Check(content)) {
    throw new StackFileError(`${path} is of an older version: start the stack again.`);
  }
  return content;
}

/** Reads the description of a profile's stack. Throws StackFileError. */
export async function readStack(profile: Stack['profile']): Promise<Stack> {
  return readStackFile(stackFilePath(profile));
}
