import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { startInbox } from './inbox.ts';
import { connectSmtp } from './smtp-client.fixture.ts';

async function start(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-inbox-'));
  const inbox = await startInbox({ smtpPort: 0, webPort: 0, folder, maxMails: 3 });
  let ending: PromiseLike<void> | undefined;
  const end = () => (ending ??= inbox[Symbol.asyncDispose]());
  t.teardown(async () => {
    await end();
    await rm(folder, { recursive: true });
  });
  return { ...inbox, end, folder, url: `http://127.0.0.1:${inbox.webPort}` };
}

test('shows the newest mails only, in memory and in its folder', async (t) => {
  const { smtpPort, end, folder, url } = await start(t);
  const client = await connectSmtp(smtpPort);
  for (const n of [1, 2, 3, 4, 5]) t.regex(await client.mail(`mail ${n}`), /^250 /);
  client.socket.destroy();
  const answer = await fetch(`${url}/api/email`);
  const mails = (await answer.json()) as { readonly subject: string }[];
  t.deepEqual(
    mails.map(({ subject }) => subject),
    ['mail 3', 'mail 4', 'mail 5'],
  );
  t.is((await readdir(join(folder, 'mails'))).length, 3);
  const page = await fetch(url, { headers: { accept: 'text/html' } });
  t.regex(await page.text(), /<title>/);
  await end();
  t.false(existsSync(join(folder, 'mails')), 'its mails are gone when it ends');
});

test('passes no mail on', async (t) => {
  const { smtpPort, url } = await start(t);
  const client = await connectSmtp(smtpPort);
  await client.mail('mail');
  client.socket.destroy();
  const [mail] = (await (await fetch(`${url}/api/email`)).json()) as { readonly id: string }[];
  const relay = await fetch(`${url}/api/email/${mail?.id}/relay/a@example.org`, { method: 'POST' });
  t.deepEqual(await relay.json(), { error: 'Outgoing mail not configured' });
});

test('a page of another site reads no mail', async (t) => {
  const { url, webPort } = await start(t);
  const own = await fetch(`${url}/api/email`, { headers: { origin: url } });
  t.is(own.status, 200);
  t.is(own.headers.get('access-control-allow-origin'), null);
  const other = await fetch(`${url}/api/email`, { headers: { origin: 'https://example.org' } });
  t.is(other.status, 403);
  // A name that leads here, as in DNS rebinding.
  t.is(await statusOf({ port: webPort, host: `example.org:${webPort}` }), 403);
  t.is(await statusOf({ port: webPort, host: `localhost:${webPort}` }), 200);
});

async function statusOf({ port, host }: { readonly port: number; readonly host: string }) {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const asked = request({ port, host: '127.0.0.1', path: '/api/email', headers: { host } });
  asked.on('response', (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  asked.on('error', reject);
  asked.end();
  return promise;
}
