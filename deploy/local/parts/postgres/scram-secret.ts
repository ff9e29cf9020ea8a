import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/** The default of Postgres. These passwords are random, so that nobody tries them one by one. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;

/**
 * Returns what Postgres and the pool store to check a role's password (RFC 5803). Nobody can log in
 * with it. It is the same at every call: the pool can log in to a server for a client only if both
 * store the same.
 */
export function scramSecretOf(role: string, password: string): string {
  return scramSecret(
    password,
    createHash('sha256').update(`zameni ${role}`).digest().subarray(0, SALT_BYTES),
  );
}

/** Returns the SCRAM-SHA-256 secret of an ASCII password. */
export function scramSecret(password: string, salt: Buffer): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(keyOf('Client Key')).digest();
  const keys = `${stored.toString('base64')}:${keyOf('Server Key').toString('base64')}`;
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${keys}`;
}
