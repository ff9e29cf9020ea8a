import { createTestDatabase } from '@zameni/runtime/testing';
import type { Pool } from '@zameni/runtime';
import type { ExecutionContext } from 'ava';
import { userIdOf } from '../accounts.fixture.ts';
import { addVersion } from '../read-models/versions.fixture.ts';
import { createCompareStore } from './compare-store.ts';
import { type CompareOptions, compareVersions } from './compare.ts';

/** The primary key of the n-th row of each table. */
export const keyOf = {
  users: userIdOf,
  address_owner: (n: number) => `k${n}`,
  attempts: userIdOf,
  registration_stats: (n: number) => `2026-03-04 05:0${n}:00+00 sr-Latn-RS`,
} as const satisfies Record<string, (n: number) => string>;

/** A table of the read models. */
export type TableName = keyof typeof keyOf;

/** Creates versions 1 and 2 with the same rows 1 to 9 in every table. Version 1 is live. */
export async function createEqualVersions(t: ExecutionContext, rows = 9): Promise<{ pool: Pool }> {
  const { pool } = await createTestDatabase(t);
  await addVersion(pool, 2);
  for (const version of [1, 2]) {
    for (const table of ['users', 'address_owner', 'attempts', 'registration_stats'] as const) {
      for (let n = 1; n <= rows; n += 1) await insertRow(pool, { version, table, n });
    }
  }
  return { pool };
}

/** Inserts the n-th row of a table. Its attempt never expires. */
export async function insertRow(
  pool: Pool,
  {
    version,
    table,
    n,
  }: { readonly version: number; readonly table: TableName; readonly n: number },
): Promise<void> {
  const id = userIdOf(n);
  const rows: Record<TableName, object> = {
    users: {
      user_id: id,
      email: `person.${n}@example.org`,
      claim: `k${n}`,
      email_verified: true,
      display_name: `Љиљана {"${n}", \\}'`,
      locale: 'sr-Latn-RS',
      terms_version: '2026-01',
      profile: { plan: 'free', seats: n },
      status: 'active',
      registered_at: '2026-03-04T05:06:07.089Z',
      version: 1,
      position: n,
    },
    address_owner: { k: `k${n}`, user_id: id, position: n },
    attempts: {
      attempt_id: id,
      claim: `k${n}`,
      position: n,
      expires_at: '2999-01-01T00:00:00Z',
      state: 'open',
    },
    registration_stats: {
      minute: `2026-03-04T05:0${n}:00Z`,
      locale: 'sr-Latn-RS',
      accepted: 3,
      registered: 2,
      verified: 1,
    },
  };
  await pool.query(
    `insert into accounts_v${version}.${table}
     select * from jsonb_populate_record(null::accounts_v${version}.${table}, $1)`,
    [JSON.stringify(rows[table])],
  );
}

/** Compares version 2 with version 1 in ranges of so many rows. */
export async function compareAll(
  pool: Pool,
  {
    rangeRows = 100,
    onProgress = async () => undefined,
  }: { readonly rangeRows?: number; readonly onProgress?: CompareOptions['onProgress'] } = {},
) {
  const store = createCompareStore(pool, { live: 1, built: 2 }, { rangeRows });
  const { signal } = new AbortController();
  const { isEqual, tables } = await compareVersions(store, { signal, onProgress });
  const tableOf = (name: TableName) => tables.find(({ table }) => table === name);
  return { isEqual, tables, tableOf };
}

/** Moves the checkpoint of a version. */
export async function moveTo(pool: Pool, version: number, position: number): Promise<void> {
  await pool.query(
    `update zameni.checkpoints set position = $2
     where projection = 'accounts' and version = $1`,
    [version, position],
  );
}
