import { randomUUID } from 'node:crypto';
import { parseImported } from './import-upload.ts';
import type { System } from './system.ts';

/** People of a large crowd. A long run takes more. */
export const CROWD_SIZE = Number(process.env['ZAMENI_CROWD_PEOPLE'] ?? 3_000);

/** Imported people: their ids, and the position that covers them all. */
export type Crowd = { readonly ids: readonly string[]; readonly position: string };

/**
 * Imports people whose addresses are under a label. Throws unless all are registered. With `mail`
 * they get a mail to confirm their addresses.
 */
export async function importCrowd(
  system: System,
  label: string,
  count: number,
  { mail = false }: { readonly mail?: boolean } = {},
): Promise<Crowd> {
  const people = Array.from({ length: count }, (_, n) =>
    JSON.stringify({
      email: `crowd-${n}-${randomUUID()}@${label}.example.org`,
      displayName: `crowd-${n}`,
      locale: 'en',
      termsVersion: '2026-01',
    }),
  );
  const response = await fetch(`${system.gatewayUrl}/v1/imports${mail ? '?mail=true' : ''}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-ndjson',
      'idempotency-key': randomUUID(),
      authorization: `Bearer ${await system.token(['users:import'])}`,
    },
    body: people.join('\n'),
  });
  const answer = parseImported(response.status, await response.text());
  if (!('rows' in answer)) throw new Error(`the import failed: ${answer.status}`);
  const ids = answer.rows.flatMap((row) => (row.outcome === 'registered' ? [row.userId] : []));
  if (ids.length !== count) throw new Error(`${ids.length} of ${count} people were registered`);
  return { ids, position: answer.summary.position ?? '' };
}
