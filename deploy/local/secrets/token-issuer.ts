import { rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The issuer of the tokens of a local stack. */
export const TOKEN_ISSUER = 'zameni-local';

/** The audience of the tokens of a local stack. */
export const TOKEN_AUDIENCE = 'zameni';

/** Writes the issuers that the services trust. It holds no secret, so each start writes it. */
export async function writeIssuersFile(folder: string, jwks: string): Promise<string> {
  const path = join(folder, 'issuers.json');
  const issuers = [
    {
      issuer: TOKEN_ISSUER,
      audience: TOKEN_AUDIENCE,
      jwks: { file: relative(folder, jwks) },
      algorithms: ['EdDSA'],
    },
  ];
  // Moved into place, so that a service that starts at the same time never reads a partial file.
  await writeFile(`${path}.draft`, `${JSON.stringify(issuers)}\n`, { mode: 0o600 });
  await rename(`${path}.draft`, path);
  return path;
}
