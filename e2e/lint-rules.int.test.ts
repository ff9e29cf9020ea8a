import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import test from 'ava';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'zameni-lint-'));
test.after.always(() => rmSync(folder, { recursive: true }));

let cases = 0;
let report: string | undefined;

/** Writes a source to a path of its own and returns it. `*` or the file name makes it unique. */
function write(path: string, source: string): string {
  cases += 1;
  const own = path.includes('*')
    ? path.replace('*', `case-${cases}`)
    : join(dirname(path), `case-${cases}-${basename(path)}`);
  mkdirSync(dirname(join(folder, own)), { recursive: true });
  writeFileSync(join(folder, own), `${source}\n`);
  return own;
}

/**
 * The rules of imports, purity and casts that one file breaks. The linter runs once for all files.
 */
function brokenRules(path: string): string[] {
  report ??= lintAll();
  const lines = report.split('\n').filter((line) => line.startsWith(`${path}:`));
  return lines.filter((line) =>
    /no-restricted-(imports|globals|properties)|no-unsafe-type-assertion/.test(line),
  );
}

function lintAll(): string {
  copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  // The linter looks here for its type-aware part.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const compilerOptions = { strict: true, module: 'nodenext', noEmit: true };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  try {
    return String(
      execFileSync(join(root, 'node_modules/.bin/oxlint'), ['--type-aware', '-f', 'unix'], {
        cwd: folder,
      }),
    );
  } catch (error) {
    return String(Reflect.get(Object(error), 'stdout'));
  }
}

function refuses(path: string, source: string): void {
  const own = write(path, source);
  test(`the linter refuses ${source} in ${path}`, (t) => {
    t.not(brokenRules(own).length, 0);
  });
}

function allows(path: string, source: string): void {
  const own = write(path, source);
  test(`the linter allows ${source} in ${path}`, (t) => {
    t.deepEqual(brokenRules(own), []);
  });
}

refuses('contracts/src/x.ts', "export { pino } from 'pino';");
refuses('contracts/src/x.ts', "export { readFileSync } from 'node:fs';");
refuses('contracts/src/x.ts', 'export const now = new Date();');
allows('contracts/src/x.ts', "export { Type } from 'typebox';");
allows('contracts/src/x.ts', "export { Uuid } from './identifiers.ts';");

for (const file of ['account', 'claim', 'decision', 'decide-user-change', 'verification', 'new']) {
  const path = `command-api/src/domain/${file}.ts`;
  refuses(path, "export { AppError } from '@zameni/runtime';");
  refuses(path, "export { register } from '../commands/register.ts';");
  refuses(path, "export { randomUUID } from 'node:crypto';");
  refuses(path, 'export const draw = () => Math.random();');
  refuses(path, 'export const now = () => new Date();');
  refuses(path, 'export const name = () => process.pid;');
  allows(path, "export { commit } from './decision.ts';");
}

allows('command-api/src/domain/account.ts', "export { subjects } from '@zameni/contracts';");

refuses('command-api/src/x.ts', "export { connect } from '@nats-io/transport-node';");
refuses('projector/src/x.ts', "export { Pool } from 'pg';");
refuses('query-api/src/x.ts', "export { Redis } from 'ioredis';");
refuses('query-api/src/x.ts', "export { trace } from '@opentelemetry/api';");
refuses('query-api/src/x.ts', "export { createApp } from '@zameni/command-api';");
refuses('query-api/src/x.ts', "export { main } from '../../cli/src/main.ts';");
refuses('query-api/src/x.ts', "export { readTestStack } from '@zameni/runtime/testing';");
allows('query-api/src/x.ts', "export { AppError } from '@zameni/runtime';");
allows('query-api/src/x.int.test.ts', "export { readTestStack } from '@zameni/runtime/testing';");

refuses('runtime/src/x.ts', "export { createApp } from '@zameni/command-api';");
refuses('runtime/src/x.ts', "export { start } from '../../deploy/local/start.ts';");
allows('runtime/src/log/read/x.ts', "export { retryUntil } from '../../async/retry.ts';");
refuses(
  'runtime/src/log/read/x.ts',
  "export { subjects } from '../../../../contracts/src/index.ts';",
);
allows('runtime/src/x.ts', "export { Pool } from 'pg';");

refuses('deploy/local/x.ts', "export { createApp } from '@zameni/command-api';");
refuses('deploy/local/x.ts', "export { Pool } from 'pg';");
refuses('e2e/x.ts', "export { connect } from '@nats-io/transport-node';");
refuses('bench/x.ts', "export { Redis } from 'ioredis';");
refuses('deploy/local/x.ts', "export { createApp } from '../../command-api/src/app.ts';");
refuses('deploy/local/x.ts', "export { main } from '../../cli/src/main.ts';");
allows('deploy/local/x.ts', "export { readStack } from '@zameni/runtime/stack';");

const fold = 'projector/src/read-models/*/fold.ts';
refuses(fold, 'export const now = () => Date.now();');
refuses(fold, "export { createPool } from '@zameni/runtime';");
allows(fold, "export { toRow } from './rows.ts';");

for (const folder of ['e2e', 'e2e/guarantees', 'bench', 'bench/load']) {
  const up = folder.includes('/') ? '../..' : '..';
  for (const path of [`${folder}/x.ts`, `${folder}/x.e2e.test.ts`]) {
    refuses(path, `export { createApp } from '${up}/command-api/src/app.ts';`);
    refuses(path, `export { toRow } from '${up}/projector/src/start.ts';`);
    refuses(path, "export { createApp } from '@zameni/query-api';");
  }
}
allows('e2e/x.ts', "export { readTestStack } from '@zameni/runtime/testing';");

for (const folder of ['command-api/src', 'runtime/src/log', 'cli/src/keys', 'deploy/local']) {
  const cast = 'export const toText = (value: unknown) => value as string;';
  refuses(`${folder}/x.ts`, cast);
  allows(`${folder}/x.unit.test.ts`, cast);
}
