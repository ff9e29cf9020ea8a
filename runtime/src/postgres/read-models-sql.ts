import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the files write the name of the schema. */
const PLACEHOLDER = 'accounts_vN';

/** The schema of a version of the read models. */
export function readModelsSchema(version: number): string {
  return `accounts_v${version}`;
}

/**
 * The SQL that creates a version of the read models: its schema, its checkpoint, and the tables and
 * functions of the files `*.sql` of a folder, in the order of their names. It is one text, so that
 * Postgres runs it as one transaction.
 */
export function readModelsSql(directory: string, version: number): string {
  const schema = readModelsSchema(version);
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .toSorted();
  const parts = files.map((file) => {
    return readFileSync(join(directory, file), 'utf8').replaceAll(PLACEHOLDER, schema);
  });
  return [
    `create schema ${schema};`,
    `insert into zameni.checkpoints (projection, version) values ('accounts', ${version});`,
    ...parts,
  ].join('\n');
}
