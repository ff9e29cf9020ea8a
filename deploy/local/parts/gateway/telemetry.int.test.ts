import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { findFreePort, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { type GatewayRequest, parseGatewayLine } from '../../../telemetry/exporter/gateway-log.ts';
import type { GatewayTelemetry } from './telemetry.ts';
import { runGateway, startService } from './part.fixture.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const CONTEXT = /^00-(?<trace>[0-9a-f]{32})-(?<span>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})$/;

test.serial('continues the trace of a caller with a span of its own', async (t) => {
  const { ask, lines } = await startGateway(t, { traceRatio: 0 });
  const passed = await ask({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'a=b' });
  t.is(passed.trace, TRACE);
  t.is(passed.flags, '01');
  t.not(passed.span, PARENT);
  t.is(passed.tracestate, undefined);
  await waitUntil(() => lines.length === 1);
  t.like(lines[0], {
    trace: TRACE,
    span: passed.span,
    parent: PARENT,
    method: 'GET',
    status: 200,
    backend: 'query-api',
    server: 'query-api-1',
  });
});

test.serial(
  'the trace of a caller who is not trusted is linked, and samples nothing',
  async (t) => {
    const { ask, lines } = await startGateway(t, { traceRatio: 0, trustsCallers: false });
    const traceparent = `00-${TRACE}-${PARENT}-01`;
    const passed = await ask({
      traceparent,
      'zameni-caller-traceparent': 'forged',
      tracestate: 'a',
    });
    t.not(passed.trace, TRACE);
    t.is(passed.flags, '00');
    t.is(passed['zameni-caller-traceparent'], traceparent);
    t.is(passed.tracestate, undefined);
    for (const invalid of ['forged', `${traceparent}, ${traceparent}`]) {
      const headers = { traceparent: invalid, 'zameni-caller-traceparent': traceparent };
      t.is((await ask(headers))['zameni-caller-traceparent'], undefined);
    }
    t.deepEqual(lines, []);
  },
);

test.serial('a line of the log has nothing of a caller who is not trusted', async (t) => {
  const { ask, lines } = await startGateway(t, { traceRatio: 1, trustsCallers: false });
  const passed = await ask({ traceparent: `00-${TRACE}-${PARENT}-00` });
  t.is(passed.flags, '01');
  await waitUntil(() => lines.some(({ trace }) => trace === passed.trace));
  t.notRegex(JSON.stringify(lines), new RegExp(`${TRACE}|${PARENT}`));
});

test.serial('a trusted caller can have so many requests sampled and no more', async (t) => {
  const { ask } = await startGateway(t, { traceRatio: 0 });
  const asked = Array.from({ length: 400 }, () =>
    ask({ traceparent: `00-${TRACE}-${PARENT}-01`, 'zameni-caller-traceparent': 'forged' }),
  );
  const passed = await Promise.all(asked);
  t.true(passed.every(({ trace }) => trace === TRACE));
  t.true(passed.some(({ flags }) => flags === '01'));
  t.true(passed.some(({ flags }) => flags === '00'));
  t.true(passed.every((headers) => headers['zameni-caller-traceparent'] === undefined));
});

test.serial('a request that its caller does not sample is not logged', async (t) => {
  const { ask, lines } = await startGateway(t, { traceRatio: 1 });
  const unsampled = await ask({ traceparent: `00-${TRACE}-${PARENT}-00` });
  t.is(unsampled.trace, TRACE);
  t.is(unsampled.flags, '00');
  const begun = await ask({});
  t.is(begun.flags, '01');
  const passedOn = () => lines.filter(({ backend }) => backend === 'query-api');
  await waitUntil(() => passedOn().length > 0);
  t.deepEqual(
    passedOn().map(({ trace, parent }) => ({ trace, parent })),
    [{ trace: begun.trace, parent: '-' }],
  );
});

test.serial('begins a trace where there is no valid one', async (t) => {
  const { ask, lines } = await startGateway(t, { traceRatio: 0 });
  const invalid = [
    '',
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `01-${TRACE}-${PARENT}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
  ];
  const seen = new Set<string | undefined>();
  for (const traceparent of invalid) {
    const passed = await ask({ traceparent, tracestate: 'a=b' });
    t.regex(passed.traceparent ?? '', CONTEXT);
    t.not(passed.trace, TRACE, traceparent);
    t.is(passed.flags, '00');
    t.is(passed.tracestate, undefined);
    seen.add(passed.trace);
  }
  t.is(seen.size, invalid.length);
  t.is(lines.length, 0);
});

test.serial(
  'answers of its own are logged too, and no line has more than its fields',
  async (t) => {
    const { url, lines } = await startGateway(t, { traceRatio: 0 });
    const response = await fetch(`${url}/nothing?of=${PARENT}`, {
      headers: { traceparent: `00-${TRACE}-${PARENT}-01` },
    });
    t.is(response.status, 404);
    t.like(await response.json(), { status: 404, code: 'not-found', traceId: TRACE });
    await waitUntil(() => lines.length === 1);
    t.like(lines[0], { status: 404, backend: 'gateway', server: '<NOSRV>' });
  },
);

test.serial('serves its own figures, and nothing else beside them', async (t) => {
  const { metricsUrl } = await startGateway(t, { traceRatio: 0 });
  const figures = await fetch(`${metricsUrl}/metrics`);
  t.regex(await figures.text(), /^haproxy_frontend_http_requests_total{proxy="gateway"} \d+$/m);
  t.is((await fetch(metricsUrl)).status, 404);
});

test.serial('a gateway that is not watched passes no trace context on', async (t) => {
  const { ask, url } = await startGateway(t, null);
  const headers = {
    traceparent: `00-${TRACE}-${PARENT}-01`,
    'zameni-caller-traceparent': 'forged',
    tracestate: 'a=b',
    baggage: 'a=b',
  };
  const passed = await ask(headers);
  for (const name of Object.keys(headers)) t.false(name in passed, name);
  const refused = await fetch(`${url}/nothing`);
  t.regex(String(Reflect.get(Object(await refused.json()), 'traceId')), /^[0-9a-f]{32}$/);
});

/** Headers of a trace that reach a service. */
type Got = {
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly 'zameni-caller-traceparent'?: string;
};

/** Runs the real gateway in front of a service that answers with the headers it got. */
async function startGateway(
  t: ExecutionContext,
  choice: { readonly traceRatio: number; readonly trustsCallers?: boolean } | null,
) {
  const service = await startService(t, ({ headers, url }, response) => {
    response.end(url === '/readyz' ? 'ok' : JSON.stringify(headers));
  });
  const lines: GatewayRequest[] = [];
  const log = createSocket('udp4');
  log.on('message', (message) => lines.push(...[parseGatewayLine(message) ?? []].flat()));
  log.bind(0, '127.0.0.1');
  await once(log, 'listening');
  t.teardown(() => void log.close());
  const metricsPort = await findFreePort();
  const telemetry: GatewayTelemetry | null = choice && {
    trustsCallers: true,
    ...choice,
    metricsPort,
    logPort: log.address().port,
  };
  const { url } = await runGateway(t, { service, telemetry });
  return {
    url,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    lines,
    ask: async (headers: Record<string, string>) => {
      const response = await fetch(`${url}/v1/things`, { headers });
      const got: Got = Object(await response.json());
      const groups = CONTEXT.exec(got.traceparent ?? '')?.groups;
      return {
        ...got,
        trace: groups?.['trace'],
        span: groups?.['span'],
        flags: groups?.['flags'],
      };
    },
  };
}
