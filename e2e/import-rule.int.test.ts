import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';

const root = join(import.meta.dirname, '..');

/** What the linter says of one file that lies at a path of the repository. */
function lint(t: ExecutionContext, path: string, source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-lint-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), source);
  try {
    execFileSync(join(root, 'node_modules/.bin/oxlint'), ['-f', 'unix'], { cwd: folder });
    return '';
  } catch (error) {
    return String(Reflect.get(Object(error), 'stdout'));
  }
}

const refuses = test.macro<[string, string]>({
  title: (_, path, source) => `the linter refuses ${source} in ${path}`,
  exec: (t, path, source) => {
    t.regex(lint(t, path, `${source}\n`), /no-restricted-(imports|globals|properties)/);
  },
});
const allows = test.macro<[string, string]>({
  title: (_, path, source) => `the linter allows ${source} in ${path}`,
  exec: (t, path, source) => {
    t.notRegex(lint(t, path, `${source}\n`), /no-restricted-(imports|globals|properties)/);
  },
});

test(refuses, 'contracts/src/x.ts', "export { pino } from 'pino';");
test(refuses, 'contracts/src/x.ts', "export { readFileSync } from 'node:fs';");
test(refuses, 'contracts/src/x.ts', 'export const now = new Date();');
test(allows, 'contracts/src/x.ts', "export { Type } from 'typebox';");
test(allows, 'contracts/src/x.ts', "export { Uuid } from './identifiers.ts';");

for (const file of ['account', 'claim', 'decision', 'decide-user-change', 'verification', 'new']) {
  const path = `command-api/src/domain/${file}.ts`;
  test(refuses, path, "export { AppError } from '@zameni/runtime';");
  test(refuses, path, "export { register } from '../commands/register.ts';");
  test(refuses, path, "export { randomUUID } from 'node:crypto';");
  test(refuses, path, 'export const draw = () => Math.random();');
  test(refuses, path, 'export const now = () => new Date();');
  test(refuses, path, 'export const name = () => process.pid;');
  test(allows, path, "export { commit } from './decision.ts';");
}
test(
  refuses,
  'projector/src/read-models/users-projection.ts',
  'export const now = () => Date.now();',
);
test(allows, 'command-api/src/domain/account.ts', "export { subjects } from '@zameni/contracts';");

test(refuses, 'command-api/src/x.ts', "export { connect } from '@nats-io/transport-node';");
test(refuses, 'projector/src/x.ts', "export { Pool } from 'pg';");
test(refuses, 'query-api/src/x.ts', "export { Redis } from 'ioredis';");
test(refuses, 'query-api/src/x.ts', "export { trace } from '@opentelemetry/api';");
test(refuses, 'query-api/src/x.ts', "export { createApp } from '@zameni/command-api';");
test(refuses, 'query-api/src/x.ts', "export { main } from '../../cli/src/main.ts';");
test(refuses, 'query-api/src/x.ts', "export { readTestStack } from '@zameni/runtime/testing';");
test(allows, 'query-api/src/x.ts', "export { AppError } from '@zameni/runtime';");
test(
  allows,
  'query-api/src/x.int.test.ts',
  "export { readTestStack } from '@zameni/runtime/testing';",
);

test(refuses, 'runtime/src/x.ts', "export { createApp } from '@zameni/command-api';");
test(refuses, 'runtime/src/x.ts', "export { start } from '../../deploy/local/start.ts';");
test(allows, 'runtime/src/x.ts', "export { Pool } from 'pg';");

test(refuses, 'deploy/local/x.ts', "export { createApp } from '@zameni/command-api';");
test(refuses, 'deploy/local/x.ts', "export { createApp } from '../../command-api/src/app.ts';");
test(refuses, 'deploy/local/x.ts', "export { main } from '../../cli/src/main.ts';");
test(allows, 'deploy/local/x.ts', "export { readStack } from '@zameni/runtime/stack';");

for (const folder of ['e2e', 'e2e/guarantees', 'bench', 'bench/load']) {
  const up = folder.includes('/') ? '../..' : '..';
  for (const path of [`${folder}/x.ts`, `${folder}/x.e2e.test.ts`]) {
    test(refuses, path, `export { createApp } from '${up}/command-api/src/app.ts';`);
    test(refuses, path, `export { toRow } from '${up}/projector/src/start.ts';`);
    test(refuses, path, "export { createApp } from '@zameni/query-api';");
  }
}
test(allows, 'e2e/x.ts', "export { readTestStack } from '@zameni/runtime/testing';");
