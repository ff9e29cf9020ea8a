import { relative } from 'node:path';
import { styleText } from 'node:util';
import { logFile } from './log-file.ts';
import type { Stack } from '@zameni/runtime/stack';

/** Creates the text for a ready stack: which process runs where, and what to try. */
export function summarise(stack: Stack, folder: string, exampleId: string): string {
  const where = addresses(stack);
  const rows = Object.entries(stack.pids)
    .toReversed()
    .map(([name, pid]) => [
      name,
      where.get(name) ?? '',
      String(pid),
      relative(folder, logFile(stack.folders.logs, name)),
    ]);
  const table = alignColumns([['what', 'where', 'pid', 'log'], ...rows]);
  const [head = '', ...body] = table;
  return [
    '',
    styleText('dim', head),
    ...body,
    '',
    styleText('bold', `Zameni is ready: ${stack.gateway.url}`),
    '',
    ...examples(stack.gateway.url, exampleId),
    '',
    ...(stack.telemetry === null ? [] : [...describeWatchers(stack.telemetry), '']),
    styleText('dim', 'Ctrl-C stops everything; the data is kept for the next start.'),
    '',
  ].join('\n');
}

/** Pads the cells of each column to the same width. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function examples(url: string, id: string): string[] {
  const person = {
    email: `ada.${id}@example.org`,
    displayName: 'Ada Lovelace',
    locale: 'en-GB',
    termsVersion: '2026-01',
  };
  return [
    'Register someone, as the public does:',
    '',
    `  curl -i ${url}/v1/registrations -H 'content-type: application/json' \\`,
    `    -d '${JSON.stringify(person)}'`,
    '',
    'prove the mailbox, with the registrationId of that answer as ID:',
    '',
    '  LINK=$(npx zameni link ID)',
    `  curl -i ${url}/v1/email-verifications -H 'content-type: application/json' \\`,
    '    -d "{\\"token\\":\\"${LINK#*token=}\\"}"',
    '',
    'and read the person back:',
    '',
    `  curl -i ${url}/v1/users/ID -H "authorization: Bearer $(npx zameni token --scope users:read)"`,
  ];
}

/** What to do with telemetry, and how to get Jaeger if it is missing. */
export function describeWatchers(telemetry: NonNullable<Stack['telemetry']>): string[] {
  const { prometheusUrl, jaegerUrl, traceRatio } = telemetry;
  const share = `${Math.round(traceRatio * 10_000) / 100} %`;
  return [
    `See the figures at ${prometheusUrl}, and how the newest request went (${share} are traced):`,
    '',
    '  npx zameni trace last',
    '',
    jaegerUrl === null
      ? 'There is no jaeger on PATH. Where Go is, npm run jaeger builds it for the next start.'
      : `Jaeger has the newest traces: ${jaegerUrl}`,
  ];
}

function addresses(stack: Stack): Map<string, string> {
  const { nats, postgres, pgbouncer, redis, mail, gateway, services, telemetry } = stack;
  const exporters = (telemetry?.metrics ?? []).map(({ process, url }) => [process, url] as const);
  return new Map([
    ...exporters,
    ['gateway', gateway.url],
    ...services.map(({ name, url }) => [name, url] as const),
    ...nats.servers.map((server, index) => [`nats-${index + 1}`, server] as const),
    ['postgres-primary', `${postgres.primary.host}:${postgres.primary.port}`],
    ['postgres-replica', `${postgres.replica.host}:${postgres.replica.port}`],
    ['pgbouncer', `${pgbouncer.host}:${pgbouncer.port}`],
    ['redis', redis.cache.address],
    ['redis-counters', redis.counters.address],
    ['inbox', mail.inboxUrl ?? `127.0.0.1:${mail.smtpPort}`],
    ['prometheus', telemetry?.prometheusUrl ?? ''],
    ['jaeger', telemetry?.jaegerUrl ?? ''],
    ['trace-receiver', telemetry?.receiverUrl ?? ''],
  ]);
}
