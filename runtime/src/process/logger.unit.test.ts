import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';

const run = promisify(execFile);
const logger = new URL('./logger.ts', import.meta.url).href;

async function linesOf(statement: string): Promise<Record<string, unknown>[]> {
  const source = `
    import { createLogger } from ${JSON.stringify(logger)};
    const logger = createLogger({ service: 's', instance: 's-1', level: 'info' });
    ${statement}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', source]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('sensitive fields are redacted two levels deep', async (t) => {
  const [line] = await linesOf(
    `logger.info({ email: 'vera@example.org', a: { token: 'abc', b: { displayName: 'Vera' } } }, 'x');`,
  );
  t.deepEqual(line?.['email'], '[redacted]');
  t.deepEqual(line?.['a'], { token: '[redacted]', b: { displayName: '[redacted]' } });
  t.is(line?.['instance'], 's-1');
});

test('an error of Postgres is logged without the values in it', async (t) => {
  const [line] = await linesOf(`
    const sql = Object.assign(new Error('invalid input: "vera@example.org"'), {
      code: '22P02', severity: 'ERROR', detail: 'Key (email)=(vera@example.org) exists.' });
    logger.error({ error: new Error('apply failed', { cause: sql }) }, 'x');`);
  t.false(JSON.stringify(line).includes('vera'));
  t.regex(JSON.stringify(line), /SQLSTATE 22P02/);
});
