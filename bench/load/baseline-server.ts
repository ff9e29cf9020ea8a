import { randomUUID } from 'node:crypto';
import { RegisterCommand } from '@zameni/contracts';
import { createHttpApp, createLogger, createPool } from '@zameni/runtime';

// Baselines to compare with. `noop` validates a registration and answers. `insert` also writes one
// row through a pool of 20 connections and waits for its commit, like the API that Zameni replaces.
const [mode = 'noop', port = '10970', url = '', password = ''] = process.argv.slice(2);
const logger = createLogger({ service: 'baseline', instance: mode, level: 'warn' });
const pool = mode === 'insert' ? createPool({ url, password, max: 20, name: mode, logger }) : null;
const app = createHttpApp({ logger, checks: {} });

app.post('/v1/registrations', { schema: { body: RegisterCommand } }, async (request, reply) => {
  const id = randomUUID();
  if (pool !== null) {
    // Only the load program sends to this server.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const { email, displayName, locale, termsVersion, profile } = request.body as RegisterCommand;
    const { rowCount } = await pool.query(
      `insert into people (id, email, display_name, locale, terms_version, profile)
       values ($1, $2, $3, $4, $5, $6) on conflict (email) do nothing`,
      [id, email.trim().toLowerCase(), displayName, locale, termsVersion, profile ?? {}],
    );
    if (rowCount === 0) return reply.code(409).send({ code: 'address-taken' });
  }
  return reply.code(201).send({ userId: id });
});
await app.listen({ host: '127.0.0.1', port: Number(port) });
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
