import { gunzipSync } from 'node:zlib';
import { createHttpApp } from '@zameni/runtime';
import { createSilentLogger } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { startPageRoutes } from '../start-page/routes.ts';
import { sendStaticFile, type StaticFiles, takesGzip, toStaticFile } from './static-files.ts';

const LONG = 'a text that repeats itself. '.repeat(100);
const files: StaticFiles = new Map([
  ['/long', toStaticFile('script', LONG)],
  ['/short', toStaticFile('html', 'x')],
]);

function createApp(t: ExecutionContext) {
  const app = createHttpApp({ logger: createSilentLogger(), checks: {} });
  t.teardown(() => app.close());
  app.get('/:file', async (request, reply) =>
    sendStaticFile({ files, policy: "default-src 'none'" }, request, reply),
  );
  return (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers });
}

test('a text is compressed for whom takes it, with a tag of its own', async (t) => {
  const get = createApp(t);
  const plain = await get('/long');
  t.is(plain.body, LONG);
  t.is(plain.headers['content-encoding'], undefined);
  const zipped = await get('/long', { 'accept-encoding': 'gzip, deflate, br' });
  t.is(zipped.headers['content-encoding'], 'gzip');
  t.is(gunzipSync(zipped.rawPayload).toString(), LONG);
  t.true(zipped.rawPayload.length < LONG.length / 5);
  t.not(zipped.headers.etag, plain.headers.etag);
  for (const { headers } of [plain, zipped]) t.is(headers.vary, 'Accept-Encoding');
});

test('each form is revalidated by its own tag', async (t) => {
  const get = createApp(t);
  const takes = { 'accept-encoding': 'gzip' };
  const etag = String((await get('/long', takes)).headers.etag);
  const again = await get('/long', { ...takes, 'if-none-match': etag });
  t.is(again.statusCode, 304);
  t.is(again.headers['content-encoding'], undefined);
  t.is(again.headers.vary, 'Accept-Encoding');
  t.is((await get('/long', { 'if-none-match': etag })).statusCode, 200);
});

test('what would grow is not compressed', async (t) => {
  const response = await createApp(t)('/short', { 'accept-encoding': 'gzip' });
  t.is(response.body, 'x');
  t.is(response.headers['content-encoding'], undefined);
});

const takes = test.macro<[string | undefined, boolean]>({
  title: (_, header, expected) => `${header} ${expected ? 'takes' : 'does not take'} gzip`,
  exec: (t, header, expected) => t.is(takesGzip(header), expected),
});
test(takes, undefined, false);
test(takes, '', false);
test(takes, 'gzip', true);
test(takes, 'br;q=1, GZIP ; q=0.5', true);
test(takes, 'gzip;q=0, *', false);
test(takes, '*', true);
test(takes, '*;q=0', false);
test(takes, 'br, deflate', false);
test(takes, 'gzip;q=x', false);

test('the page at the root says what this is and where the reference is', async (t) => {
  const app = createHttpApp({ logger: createSilentLogger(), checks: {} });
  t.teardown(() => app.close());
  await app.register(startPageRoutes());
  const response = await app.inject({ url: '/' });
  t.is(response.statusCode, 200);
  t.is(response.headers['content-type'], 'text/html; charset=utf-8');
  t.regex(response.body, /registers people[^]*href="\/docs"/);
  t.true(response.body.length < 1_024);
  t.notRegex(response.body, /https?:|<script|<style/);
});
