import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Registers at a fixed rate, whatever the answers take, and reads a sample back at its position. */
export async function measureLag(options: LagOptions): Promise<LagFigure> {
  const { rate, seconds } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const acceptMs: number[] = [];
  const readableMs: number[] = [];
  const every = Math.max(1, Math.round(rate / SAMPLES_A_SECOND));
  const under = new Set<Promise<void>>();
  let sent = 0;
  let failed = 0;

  async function one(index: number): Promise<void> {
    const sentAt = performance.now();
    const accepted = await post(agent, options, index);
    const acceptedAt = performance.now();
    if (accepted === undefined) {
      failed += 1;
      return;
    }
    acceptMs.push(acceptedAt - sentAt);
    if (index % every !== 0) return;
    const status = await read(agent, options, accepted);
    if (status === 200) readableMs.push(performance.now() - acceptedAt);
    else failed += 1;
  }

  const before = readCpu(options.pids);
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
  const after = readCpu(options.pids);
  agent.destroy();
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

type Accepted = { readonly registrationId: string; readonly position: string };

async function post(
  agent: Agent,
  { gatewayUrl, prefix }: LagOptions,
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
  const answer = await send(agent, 'POST', `${gatewayUrl}/v1/registrations`, headers, body);
  if (answer.status !== 202) return undefined;
  const { registrationId } = JSON.parse(answer.body) as { registrationId: string };
  return { registrationId, position: answer.position };
}

async function read(
  agent: Agent,
  { gatewayUrl, token }: LagOptions,
  { registrationId, position }: Accepted,
): Promise<number> {
  const headers = {
    authorization: `Bearer ${token}`,
    'min-position': position,
    prefer: 'wait=20',
  };
  return (await send(agent, 'GET', `${gatewayUrl}/v1/users/${registrationId}`, headers)).status;
}

type Answer = { readonly status: number; readonly position: string; readonly body: string };

function send(
  agent: Agent,
  method: string,
  url: string,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  return new Promise((resolve) => {
    const fail = () => resolve({ status: 0, position: '', body: '' });
    const outgoing = request(url, { agent, method, headers, timeout: 30_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          position: String(response.headers['position'] ?? ''),
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}
