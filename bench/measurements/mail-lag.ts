import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@zameni/contracts';
import { readStack, type Stack } from '@zameni/runtime/stack';
import { waitUntil } from '@zameni/runtime/testing';
import { startMailServer } from '../../e2e/mail/smtp-server.ts';
import { type Latency, summarize } from '../../e2e/support/latency.ts';
import { cpuMsEach, readCpu } from '../load/cpu.ts';
import { toRegistration } from '../load/registration-path.ts';
import { openTransport } from '../load/transport.ts';

/** Options of one measurement. */
export type MailLagOptions = {
  readonly stack: Stack;
  /** Token with scope `registrations:write`. */
  readonly token: string;
  /** Registrations per second. */
  readonly rate: number;
  readonly seconds: number;
};

/** Result of an open loop: milliseconds to the answer, and from it to the SMTP server's. */
export type MailLagFigure = {
  readonly rate: number;
  readonly sent: number;
  readonly accept: Latency;
  readonly acceptToMail: Latency;
  readonly cpuMs: Readonly<Record<string, number>>;
};

const TICK_MS = 5;

/** Milliseconds until the last mail has arrived. */
const ARRIVAL_MS = 60_000;

/** Seconds of the same load before the measurement, in which each process compiles its code. */
const WARM_UP_SECONDS = 4;

const DOMAIN = 'example.org';

/**
 * Registers vouched people at a fixed rate in an open loop, and waits for the mail of each. The SMTP
 * server is in this process, so that both times have one clock.
 */
export async function measureMailLag(options: MailLagOptions): Promise<MailLagFigure> {
  await runOpenLoop({ ...options, seconds: WARM_UP_SECONDS }, 'w.mail-lag');
  return runOpenLoop(options, 'mail-lag');
}

async function runOpenLoop(
  { stack, token, rate, seconds }: MailLagOptions,
  prefix: string,
): Promise<MailLagFigure> {
  await using server = await startMailServer(stack);
  const { url: baseUrl } = stack.gateway;
  await using transport = openTransport(baseUrl);
  const client = createClient({ baseUrl, fetch: transport.fetch, token });
  const acceptMs: number[] = [];
  const acceptedAt = new Map<string, number>();
  const pending = new Set<Promise<void>>();

  async function register(index: number): Promise<void> {
    const body = toRegistration(`${prefix}-${index}`);
    const sentAt = performance.now();
    const { status } = await client.registerPerson({ body });
    if (status !== 201) throw new Error(`a registration was answered ${status}`);
    acceptMs.push(performance.now() - sentAt);
    acceptedAt.set(body.email, performance.now());
  }

  const { pids } = await readStack('bench');
  const before = readCpu(pids);
  const startedAt = performance.now();
  let sent = 0;
  while (performance.now() - startedAt < seconds * 1_000) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate);
    for (; sent < due; sent += 1) {
      const task = register(sent);
      pending.add(task);
      task.finally(() => pending.delete(task)).catch(() => undefined);
    }
    await sleep(TICK_MS);
  }
  await Promise.all(pending);
  await waitUntil(() => server.countByMailbox(DOMAIN).size >= sent, ARRIVAL_MS);
  const cpuMs = cpuMsEach(before, readCpu(pids), sent);
  const mailMs = [...acceptedAt].map(([email, at]) => {
    const [mail] = server.mailsTo(email);
    if (mail === undefined) throw new Error('a mail is missing');
    // Sometimes the mail is there before the answer.
    return Math.max(0, mail.atMs - at);
  });
  return { rate, sent, accept: summarize(acceptMs), acceptToMail: summarize(mailMs), cpuMs };
}
