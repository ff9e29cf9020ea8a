import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '@zameni/contracts';
import { summarize, type Latency } from '../e2e/latency.ts';
import { type CpuSeconds, readCpu } from './cpu.ts';
import { openTransport } from './transport.ts';

/** Where to send, how fast, for how long, and the token that may read people. */
export type LagOptions = {
  readonly gatewayUrl: string;
  readonly token: string;
  readonly rate: number;
  readonly seconds: number;
  readonly prefix: string;
  readonly pids: Readonly<Record<string, number>>;
};

/** What an open loop of registrations met: milliseconds to the 202, and from there to readable. */
export type LagFigure = {
  readonly rate: number;
  readonly sent: number;
  readonly failed: number;
  readonly accept: Latency;
  readonly acceptToReadable: Latency;
  readonly sampled: number;
  readonly cpuMs: CpuSeconds;
};

/** Reads a second that are sampled; every registration read back would measure the reader. */
const SAMPLES_A_SECOND = 150;
const TICK_MS = 5;

/** Seconds of the same load beforehand that do not count: everybody compiles what is new to them. */
const WARM_UP_SECONDS = 3;

/** Registers at a fixed rate, whatever the answers take, and reads a sample back at its position. */
export async function measureLag(options: LagOptions): Promise<LagFigure> {
  await runOpenLoop({ ...options, seconds: WARM_UP_SECONDS, prefix: `w.${options.prefix}` });
  return runOpenLoop(options);
}

async function runOpenLoop(options: LagOptions): Promise<LagFigure> {
  const { rate, seconds, gatewayUrl: baseUrl } = options;
  await using transport = openTransport(baseUrl);
  const client = createClient({ baseUrl, fetch: transport.fetch });
  const acceptMs: number[] = [];
  const readableMs: number[] = [];
  const every = Math.max(1, Math.round(rate / SAMPLES_A_SECOND));
  const under = new Set<Promise<void>>();
  let sent = 0;
  let failed = 0;

  async function one(index: number): Promise<void> {
    const sentAt = performance.now();
    const accepted = await post(client, options, index).catch(() => undefined);
    const acceptedAt = performance.now();
    if (accepted === undefined) {
      failed += 1;
      return;
    }
    acceptMs.push(acceptedAt - sentAt);
    if (index % every !== 0) return;
    const isReadable = await read(client, options, accepted).catch(() => false);
    if (isReadable) readableMs.push(performance.now() - acceptedAt);
    else failed += 1;
  }

  const before = readAllCpu(options.pids);
  const startedAt = performance.now();
  while (performance.now() - startedAt < seconds * 1_000) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate);
    for (; sent < due; sent += 1) {
      const task = one(sent);
      under.add(task);
      void task.finally(() => under.delete(task));
    }
    await sleep(TICK_MS);
  }
  await Promise.all(under);
  const after = readAllCpu(options.pids);
  return {
    rate,
    sent,
    failed,
    accept: summarize(acceptMs),
    acceptToReadable: summarize(readableMs),
    sampled: readableMs.length,
    cpuMs: Object.fromEntries(
      Object.keys(after).map((name) => [
        name,
        (((after[name] ?? 0) - (before[name] ?? 0)) * 1_000) / Math.max(1, sent),
      ]),
    ),
  };
}

/** CPU seconds of the stack, and of this program beside it: what it takes, the stack lacks. */
function readAllCpu(pids: LagOptions['pids']): CpuSeconds {
  const { user, system } = process.cpuUsage();
  return { ...readCpu(pids), 'load program': (user + system) / 1e6 };
}

type Accepted = { readonly id: string; readonly position: string };

async function post(
  client: Client,
  { prefix }: LagOptions,
  index: number,
): Promise<Accepted | undefined> {
  const body = {
    email: `${prefix}-${index}@example.org`,
    displayName: 'Vera Marković',
    locale: 'sr-Latn-RS',
    termsVersion: '2026-01',
    profile: { city: 'Niš', newsletter: true },
  };
  const answer = await client.registerPerson({ body });
  if (answer.status !== 202) return undefined;
  return { id: answer.body.registrationId, position: answer.headers.Position };
}

async function read(
  client: Client,
  { token }: LagOptions,
  { id, position }: Accepted,
): Promise<boolean> {
  const headers = { 'Min-Position': position, Prefer: 'wait=20' };
  const { status } = await client.readUser({ params: { id }, headers }, { token });
  return status === 200;
}
