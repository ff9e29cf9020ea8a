import { parseArgs } from 'node:util';
import { findOnPath } from '../deploy/local/host/launch.ts';
import { installWithApt } from '../deploy/local/install/with-apt.ts';
import { StackError } from '../deploy/local/output/stack-error.ts';
import type { Terminal } from '../deploy/local/output/terminal.ts';
import { parseScale } from '../deploy/local/profile/scale.ts';
import { runInForeground } from '../deploy/local/supervisor/foreground.ts';
import { withStack } from '../deploy/local/with-stack.ts';
import { goFirst } from './cpu-priority.ts';
import { printedToken } from './print-token.ts';
import { credentialsOf, PATHS, type RegistrationPath } from './load/registration-path.ts';
import { measureAppend, WITH_RETRIES } from './measurements/append.ts';
import { measureCapacity } from './measurements/capacity.ts';
import { measureCosts } from './measurements/cost.ts';
import { type LagFigure, measureLag } from './measurements/lag.ts';
import { measureOverload } from './measurements/overload.ts';
import { measureProjection } from './measurements/projection.ts';
import { measureStorms } from './measurements/storms.ts';
import {
  describeMachine,
  toAppendTable,
  toCostTable,
  toLagTable,
  toOverloadTable,
  toProjectionTable,
  toStormTable,
} from './report.ts';
import { runMail } from './run-mail.ts';
import { runProfile } from './run-profile.ts';
import { runRefused } from './run-refused.ts';
import { runTelemetry } from './run-telemetry.ts';
import type { Settings } from './settings.ts';

const HELP = `npm run bench -- <command> [options]

Measures on a fresh stack of its own and prints a table for bench/results.md.
A public registration has no token and makes an attempt. A vouched registration
has a token with registrations:write and makes an account.

Commands:
  append             registrations per second, public and vouched, compared with a
                     validated no-op and a plain INSERT; exits with 1 if a request
                     of the target with retries fails
  cost               CPU cost of each part of a public and a vouched registration
  lag                time from accepted to readable on both paths, at 25, 50 and
                     75 % of the measured capacity
  mail               mails per second beside a loop of nodemailer, and the time from an
                     accepted registration to its mail at half of that rate
  overload           public registrations accepted and shed, and their latencies,
                     with 64 to 3,000 clients in a closed loop
  projection         rebuild of the read models, compared with COPY of the same rows
  refused            CPU of the command API for requests that it refuses, beside the
                     cheapest accepted one; exits with 1 if one takes over 5 times as much
  storms             throughput of other registrations beside duplicates and retries
  telemetry          CPU and throughput of appends and reads without telemetry, with metrics,
                     and with 1, 10 and 100 % of traces, in turns
  profile <process>  CPU profile under load, for example of command-api-1

Options:
  --seconds N        length of each measurement (default 8)
  --rounds N         append, mail, projection, storms, telemetry: the median counts
                     (default 3)
  --count N          projection, mail: registrations at least (default 1000000, mail: 6000)
  --connections L    numbers of connections (default 1,64,256; all but append use the last)
  --path P           profile: public or vouched registrations (default public)
  --scale NAME=N     processes of a service (default 1 each; storms: command-api=2)
`;

const commands: Readonly<Record<string, (settings: Settings) => Promise<void>>> = {
  append: runAppend,
  cost: runCost,
  lag: runLag,
  mail: runMail,
  overload: runOverload,
  projection: runProjection,
  refused: runRefused,
  storms: runStorms,
  telemetry: runTelemetry,
  profile: runProfile,
};

/** Rivals conflict in the log only if they arrive through two processes. No mailer disturbs. */
const SCALES: Readonly<Record<string, string>> = { storms: 'command-api=2,mailer=0', mail: '' };

const COUNTS: Readonly<Record<string, string>> = { mail: '6000' };

// More than any measurement makes, so that the bound on live attempts has no effect.
process.env['ZAMENI_MAX_LIVE_ATTEMPTS'] ??= '1000000000';

process.exitCode = await runInForeground(async (foreground) => {
  const { terminal } = foreground;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '8' },
      rounds: { type: 'string', default: '3' },
      count: { type: 'string' },
      connections: { type: 'string', default: '1,64,256' },
      scale: { type: 'string' },
      path: { type: 'string', default: 'public' },
      help: { type: 'boolean', default: false },
    },
  });
  const command = commands[positionals[0] ?? ''];
  const { seconds: length, rounds: times } = values;
  const people = values.count ?? COUNTS[positionals[0] ?? ''] ?? '1000000';
  const numbers = [length, times, people, ...values.connections.split(',')].map(Number);
  const path = PATHS.find((known) => known === values.path);
  const areNumbers = numbers.every((n) => Number.isInteger(n) && n > 0);
  if (values.help || command === undefined || path === undefined || !areNumbers) {
    terminal.line(HELP);
    return values.help ? 0 : 2;
  }
  const [seconds = 8, rounds = 3, count = 0, ...connections] = numbers;
  if (findOnPath('wrk') === null) {
    await terminal.step('installing wrk', () => installWithApt(['wrk']));
  }
  const scale = parseScale(values.scale ?? SCALES[positionals[0] ?? ''] ?? 'mailer=0');
  return withStack(
    { profile: 'bench', scale, fresh: true, telemetry: false, ...foreground },
    async ({ stack }) => {
      const settings = { terminal, seconds, rounds, count, connections, path };
      await command({ ...settings, stack, process: positionals[1] ?? 'command-api-1' });
      return 0;
    },
  );
});

async function runAppend({ terminal, ...settings }: Settings): Promise<void> {
  const figures = await measureAppend({
    ...settings,
    token: await printedToken(),
    onFigure: ({ target, connections, requests, seconds, failed }) => {
      const rate = (requests / seconds).toFixed(0).padStart(6);
      const count = String(connections).padStart(4);
      terminal.line(`${target.padEnd(32)} ${count} connections  ${rate}/s  ${failed} failed`);
    },
  });
  terminal.line(`\n${describeMachine()}\n\n${toAppendTable(figures)}`);
  const amongRetries = figures.filter(({ target }) => target === WITH_RETRIES);
  const failed = amongRetries.reduce((sum, figure) => sum + figure.failed, 0);
  if (failed > 0) throw new StackError(`${failed} requests among retries failed`);
}

async function runCost({ stack, terminal, seconds }: Settings): Promise<void> {
  const figures = await measureCosts({
    stack,
    seconds,
    onFigure: ({ part, count }) => terminal.line(`${part.padEnd(76)} ${count}`),
  });
  terminal.line(`\n${describeMachine()}\n\n${toCostTable(figures)}`);
}

async function runLag({ stack, terminal, seconds, connections }: Settings): Promise<void> {
  const token = await printedToken();
  const capacities: Partial<Record<RegistrationPath, number>> = {};
  for (const path of PATHS) {
    const load = { ...credentialsOf(path, token), prefix: `capacity-${path}`, seconds };
    const capacity = await measureCapacity(stack, {
      ...load,
      connections: connections.at(-1) ?? 64,
    });
    capacities[path] = capacity;
    terminal.line(`${path}: capacity ${capacity.toFixed(0)}/s through the gateway`);
  }
  // Not before the capacity is measured, because wrk would inherit the priority.
  raisePriority(terminal);
  const figures: LagFigure[] = [];
  for (const path of PATHS) {
    for (const share of [0.25, 0.5, 0.75]) {
      const options = {
        gatewayUrl: stack.gateway.url,
        path,
        token,
        rate: (capacities[path] ?? 0) * share,
        seconds: 2 * seconds,
        prefix: `lag-${path}-${share * 100}`,
        pids: stack.pids,
      };
      figures.push(await measureLag(options));
      terminal.line(`${path}: measured at ${share * 100} %`);
    }
  }
  terminal.line(`\n${describeMachine()}\n\n${toLagTable(capacities, figures)}`);
}

async function runStorms({ terminal, connections, ...settings }: Settings): Promise<void> {
  const figures = await measureStorms({
    ...settings,
    token: await printedToken(),
    connections: connections.at(-1) ?? 64,
    onFigure: ({ path, storm, others, stormy }) => {
      const rate = (others.requests / others.seconds).toFixed(0).padStart(6);
      const besides = (stormy.requests / others.seconds).toFixed(0).padStart(6);
      terminal.line(`${path} beside ${storm.padEnd(16)} ${rate}/s others ${besides}/s storm`);
    },
  });
  terminal.line(`\n${describeMachine()}\n\n${toStormTable(figures)}`);
}

async function runProjection({ terminal, connections, ...settings }: Settings): Promise<void> {
  const figures = await measureProjection({
    ...settings,
    token: await printedToken(),
    connections: connections.at(-1) ?? 64,
    onSeeded: (registrations) => terminal.line(`${registrations} registrations in the log`),
    onFigure: ({ way, registrations, seconds }) => {
      const rate = (registrations / seconds).toFixed(0).padStart(7);
      terminal.line(`${way.padEnd(32)} ${seconds.toFixed(1)} s  ${rate} registrations/s`);
    },
  });
  terminal.line(`\n${describeMachine()}\n\n${toProjectionTable(figures)}`);
}

async function runOverload({ stack, terminal, seconds, connections }: Settings): Promise<void> {
  // Only a warm-up; the figure is not used.
  const load = { prefix: 'capacity', connections: connections.at(-1) ?? 64, seconds };
  await measureCapacity(stack, load);
  raisePriority(terminal);
  const figures = await measureOverload({
    gatewayUrl: stack.gateway.url,
    seconds,
    onFigure: ({ connections: clients, accepted, shed }) =>
      terminal.line(
        `${clients} clients  ${accepted.toFixed(0)}/s accepted  ${shed.toFixed(0)}/s shed`,
      ),
  });
  terminal.line(`\n${describeMachine()}\n\n${toOverloadTable(figures)}`);
}

function raisePriority(terminal: Terminal): void {
  terminal.line(
    goFirst()
      ? 'the load program has priority over the stack'
      : 'the load program has no priority over the stack (needs root): latencies include its waits',
  );
}
