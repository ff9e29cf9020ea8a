import { type Command, EXIT } from '../framework/command.ts';
import { connect } from '../framework/connection.ts';
import { connectionOptions, jsonOption } from '../framework/global-options.ts';
import { alignColumns, paint, type Screen, toJsonLine } from '../framework/io.ts';
import { readStatus, type ServiceStatus, type StatusReport } from './read-status.ts';

/** `zameni status`: shows which processes answer, and the progress of the projection. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'show the state of all processes and of the projection',
  options: [jsonOption, ...connectionOptions],
  description: `
Asks the gateway and, on a local stack, every service behind it. Shows whether it
is ready and what it misses. For a projector it also shows its role, its position,
the head of the log, the lag between the two in records of any kind, claims and
keys included, and how many accounts and attempts are parked. For a mailer it
shows the mails that wait, and those that nobody will send without an operator.
What watches a stack with --telemetry is shown too and does not count.`,
  examples: [
    'npx zameni status',
    'npx zameni status --url https://zameni.example.org',
    'watch -n 1 npx zameni status',
  ],
  exitStatuses: { 0: 'everything is ready', 1: 'something is not ready or does not answer' },
  run: async (args, { stdout, stderr, env }) => {
    const { url, stack } = await connect(args, env, []);
    const report = await readStatus(url, stack);
    stdout.write(args.has('json') ? toJsonLine(report) : toTable(report, stdout));
    if (report.isHealthy) return EXIT.done;
    if (!args.has('json')) stderr.write('Not everything is ready: see npx zameni doctor.\n');
    return EXIT.failed;
  },
};

const COLORS = {
  ready: 'green',
  degraded: 'yellow',
  'not-ready': 'red',
  'no-answer': 'red',
} as const satisfies Record<ServiceStatus['state'], string>;

/** Formats the status as a table with one line per process. */
function toTable({ gateway, services, telemetry }: StatusReport, screen: Screen): string {
  const rows = [
    {
      name: 'gateway',
      url: gateway.url,
      state: gateway.state,
      details: gateway.state === 'not-ready' ? `answers ${gateway.status}` : inMs(gateway),
    },
    ...(services ?? []).map((service) => ({ ...service, details: detailsOf(service) })),
    ...(telemetry ?? []).map((watcher) => ({ ...watcher, details: inMs(watcher) })),
  ];
  return alignColumns(rows.map(({ name, url, state, details }) => [name, url, state, details]))
    .map((line, index) => {
      const state = rows[index]?.state ?? 'ready';
      return `${line.replace(`  ${state}`, `  ${paint(screen, COLORS[state], state)}`)}\n`;
    })
    .join('');
}

function detailsOf(service: ServiceStatus): string {
  const { missing, degraded, projection, mailer } = service;
  return [
    inMs(service),
    ...(missing.length > 0 ? [`misses ${missing.join(', ')}`] : []),
    ...(degraded.length > 0 ? [`works without ${degraded.join(', ')}`] : []),
    ...(projection === null ? [] : [progressOf(projection)]),
    ...(mailer === null ? [] : [mailsOf(mailer)]),
  ]
    .filter((text) => text !== '')
    .join('; ');
}

function progressOf(projection: NonNullable<ServiceStatus['projection']>): string {
  const { position, head, lag, parked } = projection;
  const progress = `position ${position}, head ${head ?? '?'}, lag ${lag ?? '?'}`;
  return `${roleOf(projection)}, ${progress}, parked ${parked ?? '?'}`;
}

/** The role, and why the work stands still. */
function roleOf({ role, reason }: { readonly role: string; readonly reason?: string }): string {
  return reason === undefined ? role : `${role} (${reason})`;
}

function mailsOf(mailer: NonNullable<ServiceStatus['mailer']>): string {
  const { position, mails } = mailer;
  const progress = `${roleOf(mailer)}, position ${position}`;
  if (mails === null) return `${progress}, mails ?`;
  const { waiting, sending, abandoned, unknown, oldestWaitingSeconds: oldest } = mails;
  const since = oldest === null ? '' : ` (the oldest for ${oldest} s)`;
  return `${progress}, ${waiting} waiting${since}, ${sending} sending, ${abandoned} abandoned, ${unknown} unknown`;
}

function inMs({ milliseconds }: { readonly milliseconds: number | null }): string {
  return milliseconds === null ? '' : `${milliseconds} ms`;
}
