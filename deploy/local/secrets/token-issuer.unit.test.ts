import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTokenIssuers } from '@zameni/runtime';
import test from 'ava';
import { createMissingSecrets } from './files.ts';
import { TOKEN_AUDIENCE, TOKEN_ISSUER, writeIssuersFile } from './token-issuer.ts';

test('only the services can read the list of trusted issuers', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-issuer-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const { jwks } = await createMissingSecrets(join(folder, 'secrets'), {
    now: new Date(),
    lifetimeSeconds: 60,
  });
  const path = await writeIssuersFile(folder, jwks);
  t.deepEqual(readTokenIssuers(path), [
    {
      issuer: TOKEN_ISSUER,
      audience: TOKEN_AUDIENCE,
      algorithms: ['EdDSA'],
      tokenType: 'at+jwt',
      maxLifetimeSeconds: 86_400,
      keys: { kind: 'file', path: jwks },
    },
  ]);
  t.is((await stat(path)).mode & 0o777, 0o600);
  t.is(await writeIssuersFile(folder, jwks), path);
});
