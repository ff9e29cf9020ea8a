import { createClient } from '@zameni/contracts';
import type { Stack } from '@zameni/runtime/stack';
import { type OwnProcess, startOwnProcess } from '../../e2e/support/own-process.ts';
import { readCpu } from '../load/cpu.ts';
import { startOtlpSink } from '../load/otlp-sink.ts';
import { toRegistration } from '../load/registration-path.ts';
import { openTransport } from '../load/transport.ts';
import { untilReadable } from '../load/until-readable.ts';
import { type LoadResult, runLoad, runReads } from '../load/wrk.ts';

/** The processes of a measurement. A second one without telemetry shows how far equal ones differ. */
type Process = 'off' | 'off, again' | 'metrics' | 'traces';

/**
 * What is compared: the process, the share of its requests that is sampled, and what its cost is
 * counted from. Two equal processes differ by some percent, so shares are compared in one process.
 */
export const TELEMETRY_WAYS = [
  { way: 'off', process: 'off', ratio: 0, from: 'off' },
  { way: 'off, again', process: 'off, again', ratio: 0, from: 'off' },
  { way: 'metrics', process: 'metrics', ratio: 0, from: 'off' },
  { way: 'traces, none sampled', process: 'traces', ratio: 0, from: 'metrics' },
  { way: 'traces, 1 %', process: 'traces', ratio: 0.01, from: 'traces, none sampled' },
  { way: 'traces, 10 %', process: 'traces', ratio: 0.1, from: 'traces, none sampled' },
  { way: 'traces, 100 %', process: 'traces', ratio: 1, from: 'traces, none sampled' },
] as const satisfies readonly { way: string; process: Process; ratio: number; from: string }[];

/** What telemetry is on. */
export type TelemetryWay = (typeof TELEMETRY_WAYS)[number]['way'];

/** What a process does: public registrations in the command API, or reads in the query API. */
export type TelemetryWork = 'append' | 'read';

/** One measurement: the load, and the CPU seconds of the process. */
export type TelemetryFigure = {
  readonly work: TelemetryWork;
  readonly way: TelemetryWay;
  readonly round: number;
  readonly load: LoadResult;
  readonly cpuSeconds: number;
};

/** Length and number of measurements. */
export type TelemetryOptions = {
  readonly stack: Stack;
  /** Token with scopes `registrations:write` and `users:read`. */
  readonly token: string;
  readonly connections: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly onFigure: (figure: TelemetryFigure) => void;
};

const WARM_UP_SECONDS = 4;
const WARM_UP_RATIO = 0.1;

/** Rounds of one set of processes. Two equal processes differ by some percent for as long as they live. */
const ROUNDS_PER_SET = 4;

/** Milliseconds between two requests for metrics, as Prometheus makes them. */
const SCRAPE_MS = 5_000;

/**
 * Measures what telemetry costs. The ways are loaded in turns, and each round begins with another
 * one, so that a busy machine disturbs them alike. After some rounds new processes take the places
 * of the old ones. Each request has a trace context, as the gateway adds one. The collector keeps
 * nothing.
 */
export async function measureTelemetry(options: TelemetryOptions): Promise<TelemetryFigure[]> {
  await using sink = await startOtlpSink();
  const figures: TelemetryFigure[] = [];
  for (const work of ['append', 'read'] as const) {
    for (let first = 0; first < options.rounds; first += ROUNDS_PER_SET) {
      const rounds = { first, end: Math.min(options.rounds, first + ROUNDS_PER_SET) };
      figures.push(...(await measureWork(work, { ...options, rounds }, sink.url)));
    }
  }
  return figures;
}

/** The rounds of one set of processes: from `first` to the one before `end`. */
type SetOptions = Omit<TelemetryOptions, 'rounds'> & {
  readonly rounds: { readonly first: number; readonly end: number };
};

async function measureWork(
  work: TelemetryWork,
  { stack, seconds, rounds, onFigure, ...options }: SetOptions,
  collector: string,
): Promise<TelemetryFigure[]> {
  await using processes = new AsyncDisposableStack();
  const running = new Map<Process, OwnProcess>();
  for (const process of new Set(TELEMETRY_WAYS.map((one) => one.process))) {
    const own = await startOwnProcess(stack, {
      service: work === 'append' ? 'command-api' : 'query-api',
      name: `telemetry-${work}-${rounds.first}-${running.size}`,
      env: variablesOf(process, collector),
    });
    running.set(process, processes.use(own));
  }
  const path = await createReadPath(stack, options.token);
  const run = (url: string, traceRatio: number, prefix: string, length: number) => {
    const load = { url, connections: options.connections, seconds: length, traceRatio };
    return work === 'append'
      ? runLoad({ ...load, prefix })
      : runReads({ ...load, token: options.token, path });
  };
  for (const [process, { url }] of running) {
    const name = process.replaceAll(/\W/g, '');
    // With sampled requests too, so that V8 compiles what the measurement runs.
    await run(url, WARM_UP_RATIO, `w${rounds.first}-${name}.telemetry`, WARM_UP_SECONDS);
  }
  const figures: TelemetryFigure[] = [];
  for (let round = rounds.first; round < rounds.end; round += 1) {
    const first = round % TELEMETRY_WAYS.length;
    const inTurn = [...TELEMETRY_WAYS.slice(first), ...TELEMETRY_WAYS.slice(0, first)];
    for (const { way, process, ratio } of inTurn) {
      const { url, pid } = ofProcess(running, process);
      if (work === 'append') await untilReadable(stack.gateway.url);
      const scraping = setInterval(() => void scrape(url), SCRAPE_MS);
      const before = readCpu({ process: pid })['process'] ?? 0;
      const load = await run(url, ratio, `${round}-${figures.length}.telemetry`, seconds);
      const cpuSeconds = (readCpu({ process: pid })['process'] ?? 0) - before;
      clearInterval(scraping);
      const figure = { work, way, round, load, cpuSeconds };
      figures.push(figure);
      onFigure(figure);
    }
  }
  return figures;
}

function ofProcess(running: ReadonlyMap<Process, OwnProcess>, process: Process): OwnProcess {
  const own = running.get(process);
  if (own === undefined) throw new Error(`${process} does not run`);
  return own;
}

function variablesOf(process: Process, collector: string): Record<string, string> {
  if (process === 'metrics') return {};
  return process === 'traces'
    ? { OTEL_EXPORTER_OTLP_ENDPOINT: collector }
    : { OTEL_SDK_DISABLED: 'true' };
}

async function scrape(url: string): Promise<void> {
  // A process without metrics answers 404, and one that is busy may answer late: both are fine.
  await fetch(`${url}/metrics`).then(
    (response) => response.text(),
    () => undefined,
  );
}

/** The path of a person, who is readable. */
async function createReadPath({ gateway }: Stack, token: string): Promise<string> {
  await using transport = openTransport(gateway.url);
  const client = createClient({ baseUrl: gateway.url, fetch: transport.fetch, token });
  const body = toRegistration(`telemetry-${Date.now()}`);
  const answer = await client.registerPerson({ body, headers: { Prefer: 'wait=30' } });
  const location = answer.status === 201 ? answer.headers.Location : undefined;
  if (location === undefined) throw new Error(`a registration was answered ${answer.status}`);
  return location;
}
