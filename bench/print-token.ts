import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Prints a token that may vouch for people and read them. It outlives every measurement. */
export async function printedToken(): Promise<string> {
  const zameni = new URL('../cli/bin/zameni.ts', import.meta.url).pathname;
  const scopes = ['--scope', 'registrations:write', '--scope', 'users:read'];
  const args = [zameni, 'token', '--profile', 'bench', '--ttl', '86400', ...scopes];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.trim();
}
