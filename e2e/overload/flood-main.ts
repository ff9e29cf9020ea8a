import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { PROBLEM_MEDIA_TYPE, Problem } from '@zameni/contracts';
import { Value } from 'typebox/value';
import { type Flood, FloodInput } from './flood.ts';

const TICK_MS = 5;
/** Milliseconds after which an unanswered request is a fault. */
const ANSWER_DEADLINE_MS = 20_000;
/** Fewer than the concurrent connections of the gateway. */
const MAX_CONNECTIONS = 3_000;

const { gatewayUrl, rate, seconds, prefix } = Value.Parse(
  FloodInput,
  JSON.parse(process.argv[2] ?? ''),
);
const url = new URL('/v1/registrations', gatewayUrl);
const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
const result: Flood = {
  sent: 0,
  seconds: 0,
  accepted: [],
  refused: {},
  refusedMs: [],
  faults: {},
};

async function send(index: number): Promise<void> {
  const sentAt = performance.now();
  const body = JSON.stringify({
    email: `${prefix}-${index}@flood.example.org`,
    displayName: 'Vera Marković',
    locale: 'sr-Latn-RS',
    termsVersion: '2026-01',
  });
  try {
    const response = await post(body);
    judge(response, await text(response), performance.now() - sentAt);
  } catch (fault) {
    count(result.faults, fault instanceof Error ? fault.message : String(fault));
  }
}

function post(body: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  const signal = AbortSignal.timeout(ANSWER_DEADLINE_MS);
  request(url, { method: 'POST', agent, headers, signal }, resolve).on('error', reject).end(body);
  return promise;
}

function judge({ statusCode, headers }: IncomingMessage, content: string, ms: number): void {
  const answer: unknown = JSON.parse(content);
  if (statusCode === 202) {
    const { registrationId } = Object(answer);
    result.accepted.push([String(registrationId), String(headers['position']), ms]);
    return;
  }
  if (statusCode !== 503 && statusCode !== 429) return count(result.faults, `status ${statusCode}`);
  if (!/^[1-9]\d*$/.test(headers['retry-after'] ?? '')) count(result.faults, 'no Retry-After');
  if (!headers['content-type']?.startsWith(PROBLEM_MEDIA_TYPE) || !Value.Check(Problem, answer)) {
    return count(result.faults, 'no problem document');
  }
  count(result.refused, answer.code);
  result.refusedMs.push(ms);
}

function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

// An open loop: due requests are sent regardless of earlier answers.
const startedAt = performance.now();
const under: Promise<void>[] = [];
for (let passedMs = 0; passedMs < seconds * 1_000; passedMs = performance.now() - startedAt) {
  const due = Math.floor((passedMs / 1_000) * rate);
  for (; result.sent < due; result.sent += 1) under.push(send(result.sent));
  await pause(TICK_MS);
}
result.seconds = (performance.now() - startedAt) / 1_000;
await Promise.all(under);
agent.destroy();
process.stdout.write(JSON.stringify(result));
