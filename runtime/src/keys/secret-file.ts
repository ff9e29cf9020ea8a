import { readFileSync } from 'node:fs';

/** A secret file that cannot be used. The message names the file, never its content. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError';
}

/** Reads a secret from a file, without the line end. */
export function readSecret(path: string): string {
  const secret = readText(path).replace(/\r?\n$/, '');
  if (secret === '') throw new SecretFileError(`${path} is empty`);
  return secret;
}

/** Reads a file as JSON. The error names the file only. */
export function parseJson(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof SecretFileError) throw error;
    // The parser's message quotes the content, so it is not passed on.
    throw new SecretFileError(`${path} is not JSON`);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SecretFileError(`${path} cannot be read`, { cause });
  }
}
