import { runInForeground } from './foreground.ts';
import { tcpProbe } from './probe.ts';
import { runParts } from './run-parts.ts';
import type { ProcessPart } from './supervised-process.ts';

/** A child of the test's supervisor. It listens on a port and writes its end to the journal. */
export type FakeChild = {
  readonly name: string;
  readonly port: number;
  readonly after: readonly string[];
  readonly behaviour:
    | 'drains'
    | 'ignores-sigterm'
    | 'fails-drain'
    | 'fails-start'
    | 'fails-restart';
  readonly stopDeadlineMs: number;
  readonly mustDrain: boolean;
};

/** The input of this program, as JSON in its first argument. */
export type FixtureInput = {
  readonly folder: string;
  readonly journal: string;
  readonly restartDelayMs: number;
  readonly children: readonly FakeChild[];
};

const CHILD_SOURCE = `
  const { appendFileSync } = require('node:fs');
  const { createServer } = require('node:net');
  const [name, port, journal, behaviour] = process.argv.slice(1);
  const { existsSync, writeFileSync } = require('node:fs');
  if (behaviour === 'fails-start') throw new Error(name + ' cannot start');
  if (behaviour === 'fails-restart') {
    if (existsSync(journal + name)) throw new Error(name + ' starts only once');
    writeFileSync(journal + name, '');
  }
  createServer(() => undefined).listen(Number(port), '127.0.0.1', () => {
    console.log(name + ' listens');
  });
  process.on('SIGUSR2', () => {
    console.log(name + ' exits on SIGUSR2');
    process.exit(3);
  });
  process.on('SIGTERM', () => {
    if (behaviour === 'ignores-sigterm') return;
    appendFileSync(journal, name + '\\n');
    process.exit(behaviour === 'fails-drain' ? 4 : 0);
  });
`;

if (import.meta.main) {
  const input: FixtureInput = JSON.parse(process.argv[2] ?? '{}');
  process.exitCode = await runInForeground((foreground) =>
    runParts(
      {
        ...foreground,
        parts: input.children.map((child) => toPart(child, input.journal)),
        claims: input.children.map(({ name, port }) => ({ port, wantedBy: name })),
        logFolder: input.folder,
        restarts: {
          firstDelayMs: input.restartDelayMs,
          longestDelayMs: 60_000,
          healthyMs: 60_000,
          maxDeaths: 3,
        },
      },
      async ({ pids, whenRestarted, ended }) => {
        const report = () => foreground.terminal.line(`READY ${JSON.stringify(pids())}`);
        whenRestarted(report);
        report();
        await ended;
        return 0;
      },
    ),
  );
}

function toPart(child: FakeChild, journal: string): ProcessPart {
  const { name, port, after, behaviour, stopDeadlineMs: deadlineMs, mustDrain } = child;
  return {
    kind: 'process',
    name,
    after,
    command: [process.execPath, '-e', CHILD_SOURCE, name, String(port), journal, behaviour],
    env: {},
    deathSignal: 'KILL',
    stop: { signal: 'SIGTERM', deadlineMs },
    probe: tcpProbe(port),
    readyDeadlineMs: 20_000,
    showsLines: false,
    mustDrain,
  };
}
