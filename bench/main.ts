import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { parseArgs, promisify } from 'node:util';
import type { Stack } from '@zameni/runtime/stack';
import { runInForeground } from '../deploy/local/foreground.ts';
import { installWithApt } from '../deploy/local/install-with-apt.ts';
import { findOnPath } from '../deploy/local/launch.ts';
import { parseScale } from '../deploy/local/scale.ts';
import type { Terminal } from '../deploy/local/terminal.ts';
import { withStack } from '../deploy/local/with-stack.ts';
import { measureAppend } from './append.ts';
import { measureCosts } from './cost.ts';
import { goFirst } from './go-first.ts';
import { type LagFigure, measureLag } from './lag.ts';
import { measureOverload } from './overload.ts';
import { profileProcess } from './profile.ts';
import {
  describeMachine,
  toAppendTable,
  toCostTable,
  toLagTable,
  toOverloadTable,
  toStormTable,
} from './report.ts';
import { measureStorms } from './storms.ts';
import { runLoad } from './wrk.ts';

const HELP = `npm run bench -- <command> [options]

Measures on a fresh stack of its own and prints a table for bench/results.md.

Commands:
  append             registrations a second beside a validated no-op and a plain INSERT
  cost               what encryption, token checks, the claim read and three servers cost
  lag                accept to readable at 25, 50 and 75 % of the capacity just measured
  overload           accepted, shed and their times among 64 to 3,000 clients that never rest
  storms             registrations a second of others beside duplicates and racing pairs
  profile <process>  CPU profile under load, for example command-api-1 or projector-1

Options:
  --seconds N        length of each measurement (default 8)
  --rounds N         append, storms: how often each is measured, the median counts (default 3)
  --connections L    numbers of connections (default 1,64,256; all but append take the last)
  --scale NAME=N     processes of a service (default 1 each; storms: command-api=2)
`;

type Settings = {
  readonly stack: Stack;
  readonly terminal: Terminal;
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: readonly number[];
  readonly process: string;
};

const commands: Readonly<Record<string, (settings: Settings) => Promise<void>>> = {
  append: runAppend,
  cost: runCost,
  lag: runLag,
  overload: runOverload,
  storms: runStorms,
  profile: runProfile,
};

/** Rivals meet in the log only when they come in by two processes. */
const SCALES: Readonly<Record<string, string>> = { storms: 'command-api=2' };

process.exitCode = await runInForeground(async (foreground) => {
  const { terminal } = foreground;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '8' },
      rounds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '1,64,256' },
      scale: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const command = commands[positionals[0] ?? ''];
  const numbers = [values.seconds, values.rounds, ...values.connections.split(',')].map(Number);
  if (values.help || command === undefined || !numbers.every((n) => Number.isInteger(n) && n > 0)) {
    terminal.line(HELP);
    return values.help ? 0 : 2;
  }
  const [seconds = 8, rounds = 3, ...connections] = numbers;
  if (findOnPath('wrk') === null) {
    await terminal.step('installing wrk', () => installWithApt(['wrk']));
  }
  const scale = parseScale(values.scale ?? SCALES[positionals[0] ?? ''] ?? '');
  return withStack({ profile: 'bench', scale, fresh: true, ...foreground }, async ({ stack }) => {
    const target = positionals[1] ?? 'command-api-1';
    await command({ stack, terminal, seconds, rounds, connections, process: target });
    return 0;
  });
});

async function runAppend({ terminal, ...settings }: Settings): Promise<void> {
  const figures = await measureAppend({
    ...settings,
    onFigure: ({ target, connections, requests, seconds, failed }) => {
      const rate = (requests / seconds).toFixed(0).padStart(6);
      const count = String(connections).padStart(4);
      terminal.line(`${target.padEnd(32)} ${count} connections  ${rate}/s  ${failed} failed`);
    },
  });
  terminal.line(`\n${describeMachine()}\n\n${toAppendTable(figures)}`);
}

async function runCost({ stack, terminal, seconds }: Settings): Promise<void> {
  const figures = await measureCosts({
    stack,
    seconds,
    onFigure: ({ part, count }) => terminal.line(`${part.padEnd(48)} ${count}`),
  });
  terminal.line(`\n${describeMachine()}\n\n${toCostTable(figures)}`);
}

async function runLag({ stack, terminal, seconds, connections }: Settings): Promise<void> {
  const capacity = await measureCapacity(stack, connections, seconds);
  terminal.line(`capacity ${capacity.toFixed(0)}/s through the gateway`);
  const token = await printedToken();
  tellWhetherFirst(terminal);
  const figures: LagFigure[] = [];
  for (const share of [0.25, 0.5, 0.75]) {
    const options = {
      gatewayUrl: stack.gateway.url,
      token,
      rate: capacity * share,
      seconds: 2 * seconds,
      prefix: `lag-${share * 100}`,
      pids: stack.pids,
    };
    figures.push(await measureLag(options));
    terminal.line(`measured at ${share * 100} %`);
  }
  terminal.line(`\n${describeMachine()}\n\n${toLagTable(capacity, figures)}`);
}

async function runStorms({ terminal, connections, ...settings }: Settings): Promise<void> {
  const figures = await measureStorms({
    ...settings,
    connections: connections.at(-1) ?? 64,
    onFigure: ({ storm, others, stormy }) => {
      const rate = (others.requests / others.seconds).toFixed(0).padStart(6);
      const besides = (stormy.requests / others.seconds).toFixed(0).padStart(6);
      terminal.line(`${storm.padEnd(16)} ${rate}/s others ${besides}/s storm`);
    },
  });
  terminal.line(`\n${describeMachine()}\n\n${toStormTable(figures)}`);
}

async function runOverload({ stack, terminal, seconds, connections }: Settings): Promise<void> {
  // Its figure is not wanted: everything is warm afterwards.
  await measureCapacity(stack, connections, seconds);
  tellWhetherFirst(terminal);
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

function tellWhetherFirst(terminal: Terminal): void {
  terminal.line(
    goFirst()
      ? 'the load program goes before the stack on its cores'
      : 'the load program waits for its cores like the stack, and times that too: only root may go first',
  );
}

async function measureCapacity(
  { gateway }: Stack,
  connections: readonly number[],
  seconds: number,
): Promise<number> {
  const load = { url: gateway.url, connections: connections.at(-1) ?? 64, seconds };
  await runLoad({ ...load, prefix: 'warm' });
  const { requests, seconds: took } = await runLoad({ ...load, prefix: 'capacity' });
  return requests / took;
}

async function runProfile({ stack, terminal, seconds, connections, process: name }: Settings) {
  const pid = stack.pids[name];
  const api = stack.services.find(({ service }) => service === 'command-api')?.url ?? '';
  if (pid === undefined) throw new Error(`there is no process ${name}`);
  const load = { url: api, connections: connections.at(-1) ?? 64, seconds };
  await runLoad({ ...load, prefix: 'profile-warm' });
  const { hot, profile } = await profileProcess(pid, async () => {
    await runLoad({ ...load, prefix: 'profile' });
  });
  const file = `${stack.folders.logs}/${name}.cpuprofile`;
  await writeFile(file, JSON.stringify(profile));
  for (const { name: label, where, share } of hot.slice(0, 40)) {
    terminal.line(`${(share * 100).toFixed(1).padStart(5)} %  ${label}  ${where}`);
  }
  terminal.line(`\nThe whole profile: ${file}`);
}

async function printedToken(): Promise<string> {
  const zameni = new URL('../cli/bin/zameni.ts', import.meta.url).pathname;
  const args = [zameni, 'token', '--profile', 'bench', '--scope', 'users:read'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.trim();
}
