import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import test from 'ava';

const here = JSON.stringify(import.meta.dirname);

/** Runs a program with the functions of this folder, in a shell that may redirect its output. */
async function run(source: string, redirection = '', env: Record<string, string> = {}) {
  const program = `
    const { endOnOutputFailure } = await import(${here} + '/output-failure.ts');
    const { passProxyOnLoopback } = await import(${here} + '/loopback-proxy.ts');
    ${source}`;
  const command = `"$0" --input-type=module -e "$1" ${redirection}; exit \${PIPESTATUS[0]}`;
  const child = spawn('bash', ['-c', command, process.execPath, program], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[status], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status, stdout, stderr };
}

const writes = `
  const onWritten = endOnOutputFailure('program', process);
  process.stdout.write('something\\n');
  onWritten();
  process.stderr.write('and goes on\\n');`;

test('a full disk ends a program with one line and status 1', async (t) => {
  const line = 'program: the output cannot be written (ENOSPC)\n';
  t.deepEqual(await run(writes, '> /dev/full'), { status: 1, stdout: '', stderr: line });
});

test('a full disk for errors too ends a program with status 1', async (t) => {
  t.deepEqual(await run(writes, '> /dev/full 2>&1'), { status: 1, stdout: '', stderr: '' });
});

test('a closed pipe ends a program with 141 and says nothing', async (t) => {
  const late = `await new Promise((resolve) => setTimeout(resolve, 300)); ${writes}
    setInterval(() => process.stdout.write('more'), 10);`;
  const { status, stdout } = await run(late, '| true');
  t.is(status, 141);
  t.is(stdout, '');
});

test('requests to this machine pass the proxy, and others do not', async (t) => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer((_, response) => response.writeHead(502).end());
  proxy.on('connect', ({ url }, socket) => {
    asked.push(url);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  const origin = createServer((_, response) => response.end('origin'));
  for (const server of [proxy, origin]) {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.teardown(() => server.close());
  }
  const asks = `
    passProxyOnLoopback(process.env);
    for (const host of ['127.0.0.1', 'localhost']) {
      console.log(await (await fetch('http://' + host + ':${portOf(origin)}')).text());
    }
    await fetch('http://zameni.example').catch(() => console.log('no'));`;
  const env = { HTTP_PROXY: `http://127.0.0.1:${portOf(proxy)}`, NODE_USE_ENV_PROXY: '1' };
  const { status, stdout } = await run(asks, '', {
    ...env,
    NO_PROXY: '',
    no_proxy: 'corp.example',
  });
  t.is(status, 0);
  t.is(stdout.split('\n').slice(0, 2).join(' '), 'origin origin');
  t.deepEqual(asked, ['zameni.example:80']);
});

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
