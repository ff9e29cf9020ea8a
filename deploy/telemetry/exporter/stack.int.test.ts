import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readTestStack, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { GATEWAY_FRONTEND, SERVER_SERIES } from '../prometheus/server-series.ts';

/** The series that rules and dashboards need, by the job that has them. */
const NEEDED = {
  exporter: /^(?:nats|zameni_disk|pgbouncer)_/,
  postgres: /^pg_/,
  redis: /^redis_/,
  gateway: /^haproxy_/,
} as const;

for (const [job, pattern] of Object.entries(NEEDED)) {
  test(`${job}: its exporter has every series that is asked of it`, async (t) => {
    const text = await scrape(job);
    const names = Object.values(SERVER_SERIES).filter((name) => pattern.test(name));
    t.true(names.length > 2);
    const missing = names.filter((name) => !new RegExp(`^${name}(?:{| )`, 'm').test(text));
    t.deepEqual(missing, []);
  });
}

test('the gateway has figures by the names that rules ask for', async (t) => {
  const text = await scrape('gateway');
  t.true(text.includes(`${SERVER_SERIES.gatewayResponses}{proxy="${GATEWAY_FRONTEND}",`));
  for (const service of ['command-api', 'query-api']) {
    for (const proxy of [service, `${service}-unfinished`]) {
      t.true(text.includes(`${SERVER_SERIES.gatewayBackendResponses}{proxy="${proxy}",`), proxy);
      t.true(text.includes(`${SERVER_SERIES.gatewayServerResponses}{proxy="${proxy}",`), proxy);
    }
  }
});

test('the servers are up', async (t) => {
  t.is(count(await scrape('exporter'), /^nats_server_up{server="n[123]"} 1$/gm), 3);
  t.is(count(await scrape('exporter'), /^pgbouncer_up 1$/gm), 1);
  t.is(count(await scrape('postgres'), /^pg_up(?:{.*})? 1$/gm), 2);
  t.is(count(await scrape('redis'), /^redis_up 1$/gm), 2);
});

test('the log has one leader, and its copies are current', async (t) => {
  const text = await scrape('exporter');
  t.is(count(text, /^nats_stream_leader{server="n\d",stream="ACCOUNTS"} 1$/gm), 1);
  t.is(count(text, /^nats_stream_replica_current{.*stream="ACCOUNTS".*} 1$/gm), 2);
});

test('the span of a request at the gateway is sent', async (t) => {
  const { gateway } = await readTestStack();
  const sent = async () =>
    Number(/^zameni_gateway_spans_total (\d+)$/m.exec(await scrape('exporter'))?.[1]);
  const before = await sent();
  const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
  const response = await fetch(`${gateway.url}/v1`, { headers: { traceparent } });
  t.is(response.status, 404);
  await response.body?.cancel();
  await waitUntil(async () => (await sent()) > before);
});

test('no exporter has a password among its arguments or in its environment', async (t) => {
  const { pids } = await readTestStack();
  const ofPostgres = ['primary-exporter', 'replica-exporter'];
  const ofRedis = ['redis-exporter', 'counters-exporter'];
  for (const name of ['exporter', ...ofPostgres, ...ofRedis]) {
    const folder = `/proc/${pids[name]}`;
    const seen =
      (await readFile(`${folder}/cmdline`)) + (await readFile(`${folder}/environ`)).toString();
    t.true(seen.includes('127.0.0.1'), name);
    t.notRegex(seen, /:\/\/[^@/\s]*:[^@/\s]*@/, name);
    t.notRegex(seen, /PASSWORD=|PASS=/, name);
  }
});

/** Everything that the targets of a job serve. */
async function scrape(job: string): Promise<string> {
  const { telemetry } = await readTestStack();
  const targets = telemetry?.metrics.filter((one) => one.job === job) ?? [];
  const texts = await Promise.all(
    targets.map(async ({ url }) => {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      return response.text();
    }),
  );
  return texts.join('\n');
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
