import { DEADLINES } from '@zameni/runtime';
import test from 'ava';
import { type Gateway, GATEWAY_STOP_MS, haproxyConfig, pathPattern } from './config.ts';

const gateway: Gateway = {
  port: 8080,
  routes: [
    { service: 'command-api', method: 'POST', path: '/v1/things', isStreamed: false },
    { service: 'query-api', method: 'GET', path: '/v1/things/{id}', isStreamed: false },
    { service: 'command-api', method: 'POST', path: '/v1/uploads', isStreamed: true },
  ],
  targets: {
    'command-api': [
      { name: 'command-api-1', port: 8100 },
      { name: 'command-api-2', port: 8101 },
    ],
    'query-api': [{ name: 'query-api-1', port: 8110 }],
  },
  telemetry: null,
  origins: [],
  proxies: [],
  sources: null,
};
const config = haproxyConfig(gateway);

test('sends each route to its service by method and path', (t) => {
  t.true(config.includes("use_backend command-api if { method POST } { path_reg '^/v1/things$' }"));
  t.true(
    config.includes("use_backend query-api if { method GET } { path_reg '^/v1/things/[^/]+$' }"),
  );
});

test('names every process of a service, and checks it once', (t) => {
  const servers = config.match(/^ {2}server .+$/gm);
  t.deepEqual(servers, [
    '  server command-api-1 127.0.0.1:8100',
    '  server command-api-2 127.0.0.1:8101',
    '  server command-api-1 127.0.0.1:8100 track command-api/command-api-1',
    '  server command-api-2 127.0.0.1:8101 track command-api/command-api-2',
    '  server query-api-1 127.0.0.1:8110',
    '  server query-api-1 127.0.0.1:8110 track query-api/query-api-1',
  ]);
});

test('passes only public paths', (t) => {
  t.deepEqual(config.match(/^ {2}acl is_(?:public|page) .+$/gm), [
    '  acl is_page path / /docs /verify /openapi.json',
    '  acl is_page path_beg /docs/ /verify/',
    '  acl is_public path /v1',
    '  acl is_public path_beg /v1/',
  ]);
});

test('a service gets a request after its whole body, or in a place for unfinished ones', (t) => {
  const rules = config.match(
    /^ {2}(?:http-request (?:wait-for-body|del-header Expect)|.*is_(?:streamed|unfinished)).*$/gm,
  );
  t.deepEqual(rules, [
    "  http-request set-var(txn.is_streamed) bool(true) if { method POST } { path_reg '^/v1/uploads$' }",
    '  acl is_streamed var(txn.is_streamed) -m found',
    '  http-request wait-for-body time 10s at-least 1 if is_streamed',
    '  http-request wait-for-body time 10s unless is_streamed',
    '  acl is_unfinished var(txn.is_streamed) -m found',
    '  acl is_unfinished req.body_len gt 16384',
    '  http-request del-header Expect',
    "  use_backend command-api-unfinished if is_unfinished { method POST } { path_reg '^/v1/things$' }",
    "  use_backend command-api-unfinished if is_unfinished { method POST } { path_reg '^/v1/uploads$' }",
    '  use_backend query-api-unfinished if is_unfinished',
  ]);
  t.true(config.includes('  tune.bufsize 36864\n'));
});

test('replaces the address that a client claims by its peer’s, unless a trusted proxy claims it', (t) => {
  const rules = config.match(/^ {2}(?:http-request|use_backend|option forwardfor).*$/gm);
  t.deepEqual(rules?.slice(2, 5), [
    '  http-request del-header Forwarded',
    '  http-request set-var(txn.client) src',
    '  http-request set-header X-Forwarded-For %[src]',
  ]);
  t.is(config.match(/forwarded-for|forwardfor/gi)?.length, 1);
  const behind = haproxyConfig({ ...gateway, proxies: ['10.0.0.0/8', '::1'] });
  t.true(behind.includes('  acl is_proxy src -m ip 10.0.0.0/8\n  acl is_proxy src -m ip ::1\n'));
  t.true(behind.includes('  http-request del-header X-Forwarded-For unless is_proxy\n'));
  t.true(haproxyConfig({ ...gateway, proxies: 1 }).includes('  acl is_proxy always_true\n'));
});

test('listens on loopback only', (t) => {
  t.deepEqual(config.match(/^ {2}bind .+$/gm), ['  bind 127.0.0.1:8080']);
});

test('answers for a broken service as for a missing one', (t) => {
  const answers = config.match(/^ {2}http-error status 50[23] .+$/gm) ?? [];
  t.is(answers.length, 2);
  for (const answer of answers) {
    t.regex(
      answer,
      /"status":503,"code":"service-unavailable"%.+}' hdr Cache-Control no-store hdr Retry-After 1$/,
    );
  }
  t.true(config.includes('http-after-response set-status 503 if { status 502 }'));
});

test('bounds the requests that a process handles and those that wait', (t) => {
  t.is(config.match(/^ {2}default-server .* maxconn 550$/gm)?.length, 1);
  t.is(config.match(/^ {2}default-server .* maxconn 1000$/gm)?.length, 1);
  t.is(config.match(/^ {2}default-server maxconn 100$/gm)?.length, 2);
  const refusals = config.match(/^ {2}http-request return status 503 .+$/gm) ?? [];
  const queues = ['command-api', 'command-api-unfinished', 'query-api', 'query-api-unfinished'];
  t.is(refusals.length, queues.length);
  for (const [n, queue] of queues.entries()) {
    t.regex(
      refusals[n] ?? '',
      /"code":"overloaded"%.+}' hdr Cache-Control no-store hdr Retry-After .+ if { queue\([a-z-]+\) ge /,
    );
    t.true(refusals[n]?.includes(`{ queue(${queue}) ge `));
  }
});

test('only a watched gateway has traces, a log of requests and a page of figures', (t) => {
  t.notRegex(config, /set-header traceparent|log-format|prometheus/);
  const telemetry = { metricsPort: 8166, logPort: 8174, traceRatio: 0.01, trustsCallers: true };
  const watched = haproxyConfig({ ...gateway, telemetry });
  t.deepEqual(watched.match(/^ {2}bind .+$/gm), ['  bind 127.0.0.1:8080', '  bind 127.0.0.1:8166']);
  t.regex(watched, /rand\(1000000\) lt 10000 /);
  // What is left without it is the same, but for the headers of a trace.
  const added = new Set(watched.split('\n'));
  t.deepEqual(
    config.split('\n').filter((line) => !added.has(line)),
    ['  http-request del-header traceparent'],
  );
});

test('bounds what one source may use, if it is not a trusted proxy', (t) => {
  t.notRegex(config, /track-sc[12]|connection reject/);
  const sources = { connections: 10, connectionRate: 20, pageRate: 30, unfinished: 40 };
  const bounded = haproxyConfig({ ...gateway, sources });
  t.regex(bounded, /connection reject if !is_proxy \{ sc1_conn_cur gt 10 \}/);
  t.regex(bounded, /connection reject if !is_proxy \{ sc1_conn_rate gt 20 \}/);
  t.regex(bounded, /status 429 .+"code":"rate-limited".+ if is_page \{ sc2_http_req_rate gt 30 \}/);
  t.regex(bounded, /"rate-limited".+ if is_unfinished \{ sc2_conn_cur gt 40 \}/);
});

test('an origin is allowed only if it is configured, and never with credentials', (t) => {
  t.notRegex(config, /Access-Control|Origin/);
  const open = haproxyConfig({ ...gateway, origins: ['https://app.example'] });
  t.regex(open, /req\.hdr\(Origin\) -m str -- 'https:\/\/app\.example' \}/);
  t.notRegex(open, /Allow-Credentials|Allow-Origin \*/i);
});

test('waits longer for its last answer than a service may take', (t) => {
  const [, hardStop] = /hard-stop-after (\d+)ms/.exec(config) ?? [];
  t.true(Number(hardStop) > DEADLINES.gatewayServer);
  t.true(GATEWAY_STOP_MS > Number(hardStop));
});

const matches = test.macro((t, path: string, text: string, expected: boolean) => {
  t.is(new RegExp(pathPattern(path)).test(text), expected);
});

test('a parameter matches one segment', matches, '/v1/users/{id}', '/v1/users/a-b', true);
test('a parameter is not empty', matches, '/v1/users/{id}', '/v1/users/', false);
test('a parameter ends at a slash', matches, '/v1/users/{id}', '/v1/users/a/b', false);
test('a path matches as a whole', matches, '/v1/users', '/v1/users/a', false);
test('a dot matches only itself', matches, '/v1/a.b', '/v1/axb', false);
