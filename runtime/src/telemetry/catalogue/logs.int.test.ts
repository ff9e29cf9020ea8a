import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { LOG_EVENTS } from './logs.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');

test('every event of the catalogue is logged somewhere', (t) => {
  const files = globSync('{command-api,projector,query-api,runtime}/src/**/*.ts', { cwd: root });
  const sources = files
    .filter((file) => !/\.test\.ts$|telemetry\/catalogue\//.test(file))
    .map((file) => readFileSync(join(root, file), 'utf8'));
  t.true(sources.length > 100);
  const isLogged = (message: string) => sources.some((source) => source.includes(`'${message}'`));
  t.deepEqual(
    Object.keys(LOG_EVENTS).filter((message) => !isLogged(message)),
    [],
  );
});
