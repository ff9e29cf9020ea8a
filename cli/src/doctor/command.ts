import { type Command, EXIT } from '../framework/command.ts';
import { connect, findStack, profileOf } from '../framework/connection.ts';
import { connectionOptions, jsonOption } from '../framework/global-options.ts';
import { alignColumns, paint, type Screen, toJsonLine, toPrintable } from '../framework/io.ts';
import type { Check, DoctorReport } from './report.ts';

/** `zameni doctor`: checks every dependency and prints remedies. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'check every dependency and print remedies',
  options: [jsonOption, ...connectionOptions],
  description: `
Checks this machine (Node, the server programs and their versions, disk, open
files, secrets, attempt keys), the log (each NATS server, the leader, the stream
and its replicas), Postgres, its replica and PgBouncer, Redis, the gateway, its
clock, the token, every service, and on a stack with --telemetry Prometheus, its
targets and alerts, and the traces. Each line starts with ok, warn or fail. A
remedy follows each warning and failure. The command changes nothing and prints
no secret.`,
  examples: ['npx zameni doctor', 'npx zameni doctor --json | jq .checks'],
  exitStatuses: { 0: 'nothing failed (there may be warnings)', 1: 'something failed' },
  run: async (args, { stdout, env }) => {
    const profile = profileOf(args);
    const stack = await findStack(profile);
    const connection =
      stack === undefined && args.value('url') === undefined
        ? undefined
        : await connect(args, env, ['users:read']);
    const { examine } = await import('./examine.ts');
    const report = await examine({ profile, stack, connection });
    stdout.write(args.has('json') ? toJsonLine(report) : toText(report, stdout));
    return report.isHealthy ? EXIT.done : EXIT.failed;
  },
};

const COLORS = { ok: 'green', warn: 'yellow', fail: 'red' } as const satisfies Record<
  Check['level'],
  string
>;

function toText({ checks }: DoctorReport, screen: Screen): string {
  const lines = alignColumns(
    checks.map(({ level, area, name, found }) => [level, area, name, toPrintable(found)]),
  );
  const text = checks.flatMap(({ level, remedy }, index) => {
    const line = lines[index] ?? '';
    return [
      `${paint(screen, COLORS[level], level)}${line.slice(level.length)}`,
      ...(remedy === null ? [] : [`      do: ${toPrintable(remedy)}`]),
    ];
  });
  const count = (level: Check['level']) => checks.filter((check) => check.level === level).length;
  const sums = `${count('ok')} ok, ${count('warn')} warnings, ${count('fail')} failed`;
  return `${text.join('\n')}\n\n${sums}\n`;
}
