import { createHttpApp, createLogger } from '@zameni/runtime';
import test, { type ExecutionContext } from 'ava';
import { readVerifyFiles } from './files.ts';
import { verifyRoutes } from './routes.ts';

const files = readVerifyFiles();

/** Most bytes that a visit loads: the page, its files, and the texts of one language. */
const MAX_BYTES = 30_000;

async function createTestApp(t: ExecutionContext) {
  const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const app = createHttpApp({ logger, checks: {} });
  await app.register(verifyRoutes(files));
  t.teardown(() => app.close());
  return (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers });
}

test('serves the page and each of its files, for this host only', async (t) => {
  const get = await createTestApp(t);
  for (const [path, { body, etag, mediaType }] of files) {
    const response = await get(`${path}?utm_source=mail`);
    t.is(response.statusCode, 200, path);
    t.is(response.body, body.toString('utf8'));
    t.like(response.headers, {
      etag,
      'content-type': mediaType,
      'cache-control': 'public, max-age=300',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    const policy = String(response.headers['content-security-policy']);
    t.regex(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
    t.regex(policy, /frame-ancestors 'none'/);
    t.notRegex(policy, /unsafe|https?:|data:|\*/);
    const again = await get(path, { 'if-none-match': etag });
    t.is(again.statusCode, 304, path);
    t.is(again.body, '');
  }
});

test('the page has nothing inline, and names only its own files', async (t) => {
  const get = await createTestApp(t);
  const { body } = await get('/verify');
  t.notRegex(body, /<style|style=|\son\w+=|<script(?![^>]* src=)|https?:/);
  const named = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  const scripts = [...files].filter(([path]) => path.endsWith('.js'));
  const imported = scripts.flatMap(([, { body: script }]) =>
    [...script.toString('utf8').matchAll(/from '\.\/(\S+)'/g)].map(
      (match) => `/verify/${match[1]}`,
    ),
  );
  t.true(named.length >= 3 && imported.length >= 5);
  for (const path of [...named, ...imported]) t.true(files.has(path), path);
});

test('says in every language why nothing is shown', async (t) => {
  const get = await createTestApp(t);
  const { body } = await get('/verify');
  t.regex(body, /<p lang="en" dir="ltr">This page/);
  t.regex(body, /<p lang="ru" dir="ltr">Страница/);
  t.regex(body, /<option value="ru" lang="ru">Русский<\/option>/);
});

test('a visit loads little, in each language', (t) => {
  const sizes = [...files].filter(([path]) => path !== '/verify/');
  const isText = ([path]: (typeof sizes)[number]) => path.endsWith('.json');
  const sum = (some: typeof sizes) => some.reduce((all, [, { body }]) => all + body.length, 0);
  const shared = sum(sizes.filter((each) => !isText(each)));
  for (const text of sizes.filter(isText)) t.true(shared + sum([text]) < MAX_BYTES, text[0]);
});

test('scripts are served without their comments', (t) => {
  for (const [path, { body }] of files) {
    if (path.endsWith('.js')) t.notRegex(body.toString('utf8'), /^\s*(?:\/\*|\/\/|\* )/m, path);
  }
});

test('serves no other file', async (t) => {
  const get = await createTestApp(t);
  for (const url of ['/verify/page.html', '/verify/tsconfig.json', '/verify/..%2fmessages.ts']) {
    t.is((await get(url)).statusCode, 404, url);
  }
});
