import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { type Profile, profileFolder } from './profile.ts';
import { StackError } from './stack-error.ts';

const Login = Type.Object({ user: Type.String(), passwordFile: Type.String() });
const PostgresServer = Type.Object({ host: Type.String(), port: Type.Integer() });

/** What a running stack tells tests, the demo and the command line about itself. */
export const Stack = Type.Object({
  profile: Type.Union([Type.Literal('local'), Type.Literal('test')]),
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
      ]),
      url: Type.String(),
      port: Type.Integer(),
    }),
  ),
  nats: Type.Object({
    servers: Type.Array(Type.String()),
    monitors: Type.Array(Type.String()),
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
    url: Type.String(),
    port: Type.Integer(),
    passwordFile: Type.String(),
  }),
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

/** What a running stack tells tests, the demo and the command line about itself. */
export type Stack = Static<typeof Stack>;

/** Where a profile's description is kept; `ZAMENI_STACK` carries this path to the tests. */
export function stackFile(profile: Profile): string {
  return join(profileFolder(profile), 'stack.json');
}

/** Reads the description of the stack of a profile, which exists from its first start on. */
export async function readStack(profile: Profile): Promise<Stack> {
  return readStackFile(stackFile(profile));
}

/** Reads a description by its path and refuses one of another shape. */
export async function readStackFile(path: string): Promise<Stack> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new StackError(`There is no stack at ${path}: run npm start first.`, { cause });
  });
  const content: unknown = JSON.parse(text);
  if (!Value.Check(Stack, content)) {
    throw new StackError(`${path} is of an older version: start the stack again.`);
  }
  return content;
}

/** Writes the description in one step, so that a reader never sees half of it. */
export async function writeStackFile(path: string, stack: Stack): Promise<void> {
  const draft = `${path}.draft`;
  await writeFile(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}
