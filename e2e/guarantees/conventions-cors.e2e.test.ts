import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { runGateway } from '../../deploy/local/parts/gateway/part.fixture.ts';
import { personAt } from '../support/actors.ts';
import { findChromium, startChromium } from '../browser/chromium.ts';
import { openPage } from '../browser/page.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const path = findChromium(process.env);
/** Without a browser on the machine these tests are skipped. */
const inBrowser = path === undefined ? test.serial.skip : test.serial;

/** Serves an empty page. Returns its origin. */
async function serveApp(t: ExecutionContext): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>app</title><link rel="icon" href="data:,">');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  // A server that listens on a port has such an address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A gateway of our own before the services of the stack. */
async function startGateway(t: ExecutionContext, origins: readonly string[]): Promise<string> {
  const of = (service: string) => system.stack.services.filter((one) => one.service === service);
  const targets = { 'command-api': of('command-api'), 'query-api': of('query-api') };
  const service = targets['query-api'][0];
  if (service === undefined) throw new Error('there is no query API');
  const { url } = await runGateway(t, { service, targets, origins });
  return url;
}

/** Opens the page of an app and runs a function in it, with arguments that JSON can hold. */
async function inPage(t: ExecutionContext, app: string, script: string, ...args: unknown[]) {
  const chromium = await startChromium(path ?? '');
  t.teardown(() => chromium[Symbol.asyncDispose]());
  const page = await openPage(chromium);
  t.teardown(() => page[Symbol.asyncDispose]());
  await page.open(app);
  await page.shows('');
  const value = await page.evaluate(`(${script})(...${JSON.stringify(args)})`);
  return { value, requests: page.requests };
}

/** Registers a person twice, reads the first with its position, and asks for nothing. */
const REGISTER_AND_READ = `async (api, people, keys) => {
  const answers = [];
  for (const [index, person] of people.entries()) {
    const registered = await fetch(api + '/v1/registrations', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': keys[index] },
      body: JSON.stringify(person),
    });
    const location = registered.headers.get('Location');
    const position = registered.headers.get('Position');
    const read = await fetch(api + location, {
      headers: { 'Min-Position': position, Prefer: 'wait=10' },
    });
    const { status } = await read.json();
    answers.push({ registered: registered.status, read: read.status, status });
  }
  const refused = await fetch(api + '/v1/users/' + keys[0]);
  const { code } = await refused.json();
  return { answers, code, asks: refused.headers.get('WWW-Authenticate') !== null };
}`;

inBrowser('a page of a configured origin registers people and reads them', async (t) => {
  const app = await serveApp(t);
  const api = await startGateway(t, [app]);
  const people = [1, 2].map(() => personAt(`cors.${randomUUID()}@example.org`));
  const keys = people.map(() => randomUUID());
  const { value, requests } = await inPage(t, app, REGISTER_AND_READ, api, people, keys);
  const answer = { registered: 202, read: 200, status: 'awaiting-proof' };
  t.deepEqual(value, { answers: [answer, answer], code: 'unauthorized', asks: true });
  // The browser keeps the answer to the preflight.
  const preflights = requests.filter(
    ({ method, url }) => method === 'OPTIONS' && url.endsWith('/v1/registrations'),
  );
  t.true(preflights.length <= 1);
});

inBrowser('a page of another origin reads nothing', async (t) => {
  const app = await serveApp(t);
  for (const origins of [[], ['https://app.example']]) {
    const api = await startGateway(t, origins);
    const attempt = `async (api) => {
      const failed = () => 'refused';
      const read = await fetch(api + '/openapi.json').then(({ status }) => status, failed);
      const headers = { 'Content-Type': 'application/json' };
      const wrote = await fetch(api + '/v1/registrations', { method: 'POST', headers, body: '{}' })
        .then(({ status }) => status, failed);
      return [read, wrote];
    }`;
    t.deepEqual((await inPage(t, app, attempt, api)).value, ['refused', 'refused']);
  }
});
