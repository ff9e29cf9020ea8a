import { createPool, type Pool, readSecret } from '@zameni/runtime';
import { createSilentLogger, type Stack } from '@zameni/runtime/testing';

/** Which server of a stack to connect to, and the name that Postgres shows. */
export type SuperuserOptions = {
  readonly name: string;
  /** The primary if it is left out. */
  readonly server?: { readonly host: string; readonly port: number };
};

/** Connects to the stack's database as its superuser, by one connection. */
export function openSuperuserPool({ postgres }: Stack, options: SuperuserOptions): Pool {
  const { user, passwordFile } = postgres.superuser;
  const { name, server: { host, port } = postgres.primary } = options;
  return createPool({
    url: `postgres://${user}@${host}:${port}/${postgres.database}`,
    password: readSecret(passwordFile),
    max: 1,
    name,
    logger: createSilentLogger(),
  });
}
