import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { readTestStack } from '@zameni/runtime/testing';
import test from 'ava';
import { personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { kill } from '../support/kills.ts';
import { summarize } from '../support/latency.ts';
import { attachSystem } from '../support/system.ts';
import { parseExposition } from '../telemetry/exposition.ts';
import { createTracedClient } from '../telemetry/traced-client.ts';
import { beginTrace } from '../telemetry/traceparent.ts';
import { openTraces } from '../telemetry/traces.ts';

const system = await attachSystem();
const { stack, gatewayUrl: baseUrl } = system;
const token = await system.token(['registrations:write', 'users:read']);
const traces = openTraces(stack);

/**
 * Traced registrations, each with a read, of a measurement. Their spans do not fill the queue of a
 * process; `runtime/src/telemetry/export.int.test.ts` shows that it is bounded.
 */
const REQUESTS = 400;
const CONCURRENCY = 16;

/** A process may need so much more memory for spans that wait. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

/**
 * Two runs differ by nearly as much on a busy machine without any collector. The slowest four of 400
 * requests meet whatever else the machine does; a request that waits for an export takes seconds.
 */
const MAX_MEDIAN = { ratio: 1.5, noiseMs: 15 } as const;
const MAX_P99 = { ratio: 2, noiseMs: 150 } as const;

/** After a measurement the gateway samples no more traces of this source for a second. */
const SAMPLED_AGAIN_MS = 1_500;

const RECEIVER = 'trace-receiver';

async function signalReceiver(signal: NodeJS.Signals): Promise<void> {
  const pid = (await readTestStack()).pids[RECEIVER];
  if (pid === undefined) throw new Error(`${RECEIVER} is not running`);
  process.kill(pid, signal);
}

/** Registers and reads people, each in a trace of their own, and returns the times. */
async function measure() {
  const statuses = new Set<number>();
  const times: number[] = [];
  await mapConcurrently(Array.from({ length: REQUESTS }), CONCURRENCY, async () => {
    const client = createTracedClient(beginTrace(), { baseUrl, token });
    const startedAt = performance.now();
    const body = personAt(`${randomUUID()}@slow-collector.example.org`);
    const answer = await client.registerPerson({ body });
    statuses.add(answer.status);
    if (answer.status === 201) {
      const headers = { 'Min-Position': answer.headers.Position, Prefer: 'wait=20' };
      const seen = await client.readUser({ params: { id: answer.body.userId }, headers });
      statuses.add(seen.status);
    }
    times.push(performance.now() - startedAt);
  });
  return { statuses: [...statuses].toSorted((a, b) => a - b), ...summarize(times) };
}

/** Resident bytes of each service process. */
async function readMemory(): Promise<ReadonlyMap<string, number>> {
  const read = stack.services.map(async ({ name, url }) => {
    const series = parseExposition(await (await fetch(`${url}/metrics`)).text());
    const used = series.find((one) => one.name === 'process_memory_usage_bytes');
    return [name, used?.value ?? Number.NaN] as const;
  });
  return new Map(await Promise.all(read));
}

/** One registration in a trace, and whether its spans of both sides arrive. */
async function traceOne(): Promise<void> {
  await pause(SAMPLED_AGAIN_MS);
  const trace = beginTrace();
  const client = createTracedClient(trace, { baseUrl, token });
  await client.registerPerson({ body: personAt(`${randomUUID()}@slow-collector.example.org`) });
  await traces.untilSpans(trace.traceId, ['command-api: append', 'projector: process ACCOUNTS']);
}

test('a collector that stalls or dies slows nobody down, and export resumes', async (t) => {
  t.timeout(180_000);
  await traceOne();
  await measure();
  const before = await measure();
  const memory = await readMemory();

  await signalReceiver('SIGSTOP');
  const stalled = await measure();
  const waiting = await readMemory();
  const restarted = kill(RECEIVER, performance.now());
  const dead = await measure();
  await restarted;

  t.log({ before, stalled, dead });
  for (const one of [before, stalled, dead]) {
    t.deepEqual(one.statuses, [200, 201]);
    t.true(one.p50 <= before.p50 * MAX_MEDIAN.ratio + MAX_MEDIAN.noiseMs);
    t.true(one.p99 <= before.p99 * MAX_P99.ratio + MAX_P99.noiseMs);
  }
  const growth = [...waiting].map(([name, bytes]) => [name, bytes - (memory.get(name) ?? 0)]);
  t.log(Object.fromEntries(growth));
  for (const [name, bytes] of growth) t.true(Number(bytes) < MAX_GROWTH_BYTES, String(name));
  await traceOne();
});
