import { createClient } from '@zameni/contracts';
import type { Stack } from '@zameni/runtime/stack';
import { startOwnProcess } from '../../e2e/support/own-process.ts';
import { readCpu } from '../load/cpu.ts';
import { startOtlpSink } from '../load/otlp-sink.ts';
import { toRegistration } from '../load/registration-path.ts';
import { openTransport } from '../load/transport.ts';
import { untilReadable } from '../load/until-readable.ts';
import { type LoadResult, runLoad, runReads } from '../load/wrk.ts';

/** What telemetry is on. A second process without any shows how far two equal ones differ. */
export const TELEMETRY_WAYS = [
  'off',
  'off, again',
  'metrics',
  'metrics, 1 % of traces',
  'metrics, 10 % of traces',
  'metrics, 100 % of traces',
] as const;

/** What telemetry is on. */
export type TelemetryWay = (typeof TELEMETRY_WAYS)[number];

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

const RATIOS: Readonly<Record<TelemetryWay, number | undefined>> = {
  off: undefined,
  'off, again': undefined,
  metrics: undefined,
  'metrics, 1 % of traces': 0.01,
  'metrics, 10 % of traces': 0.1,
  'metrics, 100 % of traces': 1,
};

const WARM_UP_SECONDS = 4;

/** Rounds of one set of processes. Two equal processes differ by some percent for as long as they live. */
const ROUNDS_PER_SET = 4;

/** Milliseconds between two requests for metrics, as Prometheus makes them. */
const SCRAPE_MS = 5_000;

/**
 * Measures what telemetry costs. Each way has a process of its own; they are loaded in turns, and
 * each round begins with another one, so that a busy machine disturbs them alike. After some rounds
 * new processes take their places. Each request has a trace context, as the gateway adds one. The
 * collector keeps nothing.
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
  const targets: { way: TelemetryWay; url: string; pid: number }[] = [];
  for (const way of TELEMETRY_WAYS) {
    const process = await startOwnProcess(stack, {
      service: work === 'append' ? 'command-api' : 'query-api',
      name: `telemetry-${work}-${rounds.first}-${targets.length}`,
      env: variablesOf(way, collector),
    });
    targets.push({ way, ...processes.use(process) });
  }
  const path = await createReadPath(stack, options.token);
  const run = (way: TelemetryWay, url: string, prefix: string, length: number) => {
    const traceRatio = RATIOS[way] ?? 0;
    const load = { url, connections: options.connections, seconds: length, traceRatio };
    return work === 'append'
      ? runLoad({ ...load, prefix })
      : runReads({ ...load, token: options.token, path });
  };
  for (const [n, { way, url }] of targets.entries()) {
    await run(way, url, `w${rounds.first}-${n}.telemetry`, WARM_UP_SECONDS);
  }
  const figures: TelemetryFigure[] = [];
  for (let round = rounds.first; round < rounds.end; round += 1) {
    const first = round % targets.length;
    for (const { way, url, pid } of [...targets.slice(first), ...targets.slice(0, first)]) {
      if (work === 'append') await untilReadable(stack.gateway.url);
      const scraping = setInterval(() => void scrape(url), SCRAPE_MS);
      const before = readCpu({ process: pid })['process'] ?? 0;
      const load = await run(way, url, `${round}-${figures.length}.telemetry`, seconds);
      const cpuSeconds = (readCpu({ process: pid })['process'] ?? 0) - before;
      clearInterval(scraping);
      const figure = { work, way, round, load, cpuSeconds };
      figures.push(figure);
      onFigure(figure);
    }
  }
  return figures;
}

function variablesOf(way: TelemetryWay, collector: string): Record<string, string> {
  if (way.startsWith('off')) return { OTEL_SDK_DISABLED: 'true' };
  const ratio = RATIOS[way];
  return ratio === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: collector };
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
