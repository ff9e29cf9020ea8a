import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { summarize, type Latency } from '../e2e/latency.ts';
import { type CpuSeconds, readCpu } from './cpu.ts';

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
const MAX_CONNECTIONS = 256;
const DEADLINE_MS = 30_000;

/** Seconds of the same load beforehand that do not count: everybody compiles what is new to them. */
const WARM_UP_SECONDS = 3;

/** Registers at a fixed rate, whatever the answers take, and reads a sample back at its position. */
export async function measureLag(options: LagOptions): Promise<LagFigure> {
  await runOpenLoop({ ...options, seconds: WARM_UP_SECONDS, prefix: `w.${options.prefix}` });
  return runOpenLoop(options);
}

async function runOpenLoop(options: LagOptions): Promise<LagFigure> {
  const { rate, seconds } = options;
  const gateway = new Pool(options.gatewayUrl, {
    connections: MAX_CONNECTIONS,
    headersTimeout: DEADLINE_MS,
    bodyTimeout: DEADLINE_MS,
  });
  const acceptMs: number[] = [];
  const readableMs: number[] = [];
  const every = Math.max(1, Math.round(rate / SAMPLES_A_SECOND));
  const under = new Set<Promise<void>>();
  let sent = 0;
  let failed = 0;

  async function one(index: number): Promise<void> {
    const sentAt = performance.now();
    const accepted = await post(gateway, options, index);
    const acceptedAt = performance.now();
    if (accepted === undefined) {
      failed += 1;
      return;
    }
    acceptMs.push(acceptedAt - sentAt);
    if (index % every !== 0) return;
    const status = await read(gateway, options, accepted);
    if (status === 200) readableMs.push(performance.now() - acceptedAt);
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
  await gateway.close();
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

type Accepted = { readonly registrationId: string; readonly position: string };

async function post(
  gateway: Pool,
  { prefix }: LagOptions,
  index: number,
): Promise<Accepted | undefined> {
  const body = JSON.stringify({
    email: `${prefix}-${index}@example.org`,
    displayName: 'Vera Marković',
    locale: 'sr-Latn-RS',
    termsVersion: '2026-01',
    profile: { city: 'Niš', newsletter: true },
  });
  const headers = { 'content-type': 'application/json' };
  const answer = await gateway
    .request({ method: 'POST', path: '/v1/registrations', headers, body })
    .catch(() => undefined);
  if (answer === undefined) return undefined;
  const text = await answer.body.text();
  if (answer.statusCode !== 202) return undefined;
  const { registrationId } = JSON.parse(text) as { registrationId: string };
  return { registrationId, position: String(answer.headers['position']) };
}

async function read(
  gateway: Pool,
  { token }: LagOptions,
  { registrationId, position }: Accepted,
): Promise<number> {
  const headers = {
    authorization: `Bearer ${token}`,
    'min-position': position,
    prefer: 'wait=20',
  };
  const path = `/v1/users/${registrationId}`;
  const answer = await gateway.request({ method: 'GET', path, headers }).catch(() => undefined);
  await answer?.body.dump();
  return answer?.statusCode ?? 0;
}
