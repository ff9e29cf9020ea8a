import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Prints a token that may vouch for people and read them. It outlives every measurement. */
export async function printedToken(): Promise<string> {
  const zameni = join(import.meta.dirname, '../cli/bin/zameni.ts');
  const scopes = ['--scope', 'registrations:write', '--scope', 'users:read'];
  const args = [zameni, 'token', '--profile', 'bench', '--ttl', '86400', ...scopes];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.trim();
}
