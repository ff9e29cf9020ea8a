import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '@zameni/contracts';
import { summarize, type Latency } from '../../e2e/support/latency.ts';
import { type CpuSeconds, cpuMsEach, readCpu } from '../load/cpu.ts';
import { credentialsOf, type RegistrationPath, toRegistration } from '../load/registration-path.ts';
import { openTransport } from '../load/transport.ts';

/** Options of one measurement. The token may vouch for people and read them. */
export type LagOptions = {
  readonly gatewayUrl: string;
  readonly path: RegistrationPath;
  readonly token: string;
  readonly rate: number;
  readonly seconds: number;
  readonly prefix: string;
  readonly pids: Readonly<Record<string, number>>;
};

/** Result of an open loop: milliseconds to the answer, and from the answer to readable. */
export type LagFigure = {
  readonly path: RegistrationPath;
  readonly rate: number;
  readonly sent: number;
  readonly failed: number;
  readonly accept: Latency;
  readonly acceptToReadable: Latency;
  readonly sampled: number;
  readonly cpuMs: Readonly<Record<string, number>>;
};

/** Reads per second. Reading back every registration would measure the reader instead. */
const SAMPLES_A_SECOND = 150;
const TICK_MS = 5;

/** Seconds of the same load before the measurement, in which each process compiles its code. */
const WARM_UP_SECONDS = 3;

/** Registers at a fixed rate in an open loop, and reads a sample back at its position. */
export async function measureLag(options: LagOptions): Promise<LagFigure> {
  await runOpenLoop({ ...options, seconds: WARM_UP_SECONDS, prefix: `w.${options.prefix}` });
  return runOpenLoop(options);
}

async function runOpenLoop(options: LagOptions): Promise<LagFigure> {
  const { path, token, rate, seconds, prefix, gatewayUrl: baseUrl } = options;
  await using transport = openTransport(baseUrl);
  const client = createClient({ baseUrl, fetch: transport.fetch, ...credentialsOf(path, token) });
  const acceptMs: number[] = [];
  const readableMs: number[] = [];
  const every = Math.max(1, Math.round(rate / SAMPLES_A_SECOND));
  const pending = new Set<Promise<void>>();
  let sent = 0;
  let failed = 0;

  async function registerAndRead(index: number): Promise<void> {
    const sentAt = performance.now();
    const accepted = await register(client, `${prefix}-${index}`).catch(() => undefined);
    const acceptedAt = performance.now();
    if (accepted === undefined) {
      failed += 1;
      return;
    }
    acceptMs.push(acceptedAt - sentAt);
    if (index % every !== 0) return;
    const isReadable = await read(client, path, accepted).catch(() => false);
    if (isReadable) readableMs.push(performance.now() - acceptedAt);
    else failed += 1;
  }

  const before = readAllCpu(options.pids);
  const startedAt = performance.now();
  while (performance.now() - startedAt < seconds * 1_000) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate);
    for (; sent < due; sent += 1) {
      const task = registerAndRead(sent);
      pending.add(task);
      void task.finally(() => pending.delete(task));
    }
    await sleep(TICK_MS);
  }
  await Promise.all(pending);
  const after = readAllCpu(options.pids);
  return {
    path,
    rate,
    sent,
    failed,
    accept: summarize(acceptMs),
    acceptToReadable: summarize(readableMs),
    sampled: readableMs.length,
    cpuMs: cpuMsEach(before, after, sent),
  };
}

/** Reads the CPU seconds of the stack and of this program, which compete for the same cores. */
function readAllCpu(pids: LagOptions['pids']): CpuSeconds {
  const { user, system } = process.cpuUsage();
  return { ...readCpu(pids), 'load program': (user + system) / 1e6 };
}

type Accepted = { readonly id: string; readonly position: string };

async function register(client: Client, local: string): Promise<Accepted | undefined> {
  const answer = await client.registerPerson({ body: toRegistration(local) });
  if (answer.status !== 201 && answer.status !== 202) return undefined;
  const id = answer.status === 201 ? answer.body.userId : answer.body.registrationId;
  return { id, position: answer.headers.Position };
}

/** Whether at the position the account can be read, or the attempt awaits proof. */
async function read(
  client: Client,
  path: RegistrationPath,
  { id, position }: Accepted,
): Promise<boolean> {
  const request = { params: { id }, headers: { 'Min-Position': position, Prefer: 'wait=20' } };
  if (path === 'vouched') return (await client.readUser(request)).status === 200;
  const answer = await client.readRegistration(request);
  return answer.status === 200 && answer.body.status === 'awaiting-proof';
}
