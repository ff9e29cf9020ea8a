import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsUser, RedisUser } from '@zameni/contracts';
import { createKeyRing } from '@zameni/runtime';
import { StackError } from '../output/stack-error.ts';
import { type TendOptions, tendKeyRing } from './attempt-keys.ts';

/** Where each password and key of a profile lies. */
export type SecretFiles = {
  readonly natsUsers: Readonly<Record<NatsUser, string>>;
  readonly natsRoute: string;
  readonly postgresSuperuser: string;
  readonly postgresReplication: string;
  readonly postgresProjector: string;
  readonly postgresCommand: string;
  readonly postgresQuery: string;
  readonly postgresMailer: string;
  readonly postgresMonitor: string;
  readonly pgbouncerAdmin: string;
  readonly pgbouncerStats: string;
  readonly redisUsers: Readonly<Record<RedisUser, string>>;
  readonly pepper: string;
  readonly kek: string;
  readonly positionKey: string;
  readonly verificationKey: string;
  readonly registrationIdKey: string;
  readonly attemptKeys: string;
  readonly issuerKey: string;
  readonly jwks: string;
};

/** Names the secret files below a folder. */
export function secretFiles(folder: string): SecretFiles {
  const password = (name: string) => join(folder, `${name}.password`);
  return {
    natsUsers: {
      admin: password('nats-admin'),
      'command-api': password('nats-command-api'),
      projector: password('nats-projector'),
      'query-api': password('nats-query-api'),
      mailer: password('nats-mailer'),
      eraser: password('nats-eraser'),
      auditor: password('nats-auditor'),
      analyst: password('nats-analyst'),
      monitor: password('nats-monitor'),
    },
    natsRoute: password('nats-route'),
    postgresSuperuser: password('postgres-superuser'),
    postgresReplication: password('postgres-replication'),
    postgresProjector: password('postgres-projector'),
    postgresCommand: password('postgres-command'),
    postgresQuery: password('postgres-query'),
    postgresMailer: password('postgres-mailer'),
    postgresMonitor: password('postgres-monitor'),
    pgbouncerAdmin: password('pgbouncer-admin'),
    pgbouncerStats: password('pgbouncer-stats'),
    redisUsers: {
      'command-api': password('redis-command-api'),
      projector: password('redis-projector'),
      'query-api': password('redis-query-api'),
      monitor: password('redis-monitor'),
      tester: password('redis-tester'),
    },
    pepper: join(folder, 'pepper.json'),
    kek: join(folder, 'kek.json'),
    positionKey: join(folder, 'position-key.json'),
    verificationKey: join(folder, 'verification-key.json'),
    registrationIdKey: join(folder, 'registration-id-key.json'),
    attemptKeys: join(folder, 'attempt-keys.json'),
    issuerKey: join(folder, 'issuer.jwk.json'),
    jwks: join(folder, 'jwks.json'),
  };
}

/** Lists all secret files. */
export function secretPaths({ natsUsers, redisUsers, ...others }: SecretFiles): string[] {
  return [natsUsers, redisUsers, others].flatMap((files) => Object.values<string>(files));
}

/**
 * Creates missing secrets and keeps existing ones, because the data depends on them. A ring that is
 * missing beside data was lost, and another one would part the data in two, so that is an error.
 * Also tends the ring of attempt keys, which has no key for today after a long stop and is in no
 * backup.
 */
export async function createMissingSecrets(
  folder: string,
  attempts: TendOptions,
  dataFolders: readonly string[] = [],
): Promise<SecretFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { natsUsers, redisUsers, issuerKey, jwks, attemptKeys, ...others } = secretFiles(folder);
  const { pepper, kek, positionKey, verificationKey, registrationIdKey, ...passwords } = others;
  const rings = [pepper, kek, positionKey, verificationKey, registrationIdKey];
  await requireRings(rings, dataFolders);
  const users = [natsUsers, redisUsers].flatMap((logins) => Object.values(logins));
  for (const path of [...users, ...Object.values(passwords)]) {
    await writeOnce(path, () => randomBytes(24).toString('base64url'));
  }
  for (const path of rings) await writeOnce(path, () => JSON.stringify(createKeyRing()));
  await tendKeyRing(attemptKeys, attempts);
  if (!existsSync(issuerKey) || !existsSync(jwks)) {
    const { privateKey, publicKey } = createIssuerKey();
    await write(jwks, JSON.stringify({ keys: [publicKey] }));
    await write(issuerKey, JSON.stringify(privateKey));
  }
  return secretFiles(folder);
}

async function requireRings(
  rings: readonly string[],
  dataFolders: readonly string[],
): Promise<void> {
  const lost = rings.filter((path) => !existsSync(path));
  if (lost.length === 0) return;
  for (const folder of dataFolders) {
    if ((await readdir(folder)).length === 0) continue;
    throw new StackError(
      [
        `Keys are missing, and there is data that was made with them (${folder}):`,
        ...lost.map((path) => `  ${path}`),
        'Put the files back from a backup. Without one see the runbook; --fresh deletes the data.',
      ].join('\n'),
    );
  }
}

function createIssuerKey(): { privateKey: object; publicKey: object } {
  const pair = generateKeyPairSync('ed25519');
  const about = { kid: randomBytes(8).toString('hex'), alg: 'EdDSA', use: 'sig' };
  return {
    privateKey: { ...pair.privateKey.export({ format: 'jwk' }), ...about },
    publicKey: { ...pair.publicKey.export({ format: 'jwk' }), ...about },
  };
}

async function writeOnce(path: string, create: () => string): Promise<void> {
  if (!existsSync(path)) await write(path, create());
}

/** Writes a draft and moves it, so that an interrupted start never leaves a partial key. */
async function write(path: string, content: string): Promise<void> {
  await writeFile(`${path}.draft`, `${content}\n`, { mode: 0o600 });
  await rename(`${path}.draft`, path);
}
