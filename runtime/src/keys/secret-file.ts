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

/**
 * Reads a file as JSON. The error names the file only. What is no JSON is read once more: the bytes
 * of a key ring that is replaced are overwritten (ring-edit.ts), maybe under a reader that had opened
 * it before.
 */
export function parseJson(path: string): unknown {
  return (tryToParse(readText(path)) ?? tryToParse(readText(path)) ?? notJson(path)).value;
}

/** Undefined if a text is no JSON. The parser's message quotes the content, so it is not passed on. */
function tryToParse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function notJson(path: string): never {
  throw new SecretFileError(`${path} is not JSON`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SecretFileError(`${path} cannot be read`, { cause });
  }
}
