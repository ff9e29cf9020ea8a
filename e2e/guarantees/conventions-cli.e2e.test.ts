import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest from 'ava';
import { attachSystem } from '../support/system.ts';

const root = join(import.meta.dirname, '../..');
const system = await attachSystem();
const { profile } = system.stack;
// Serial: each test starts processes of its own, and the machine may have few cores.
const { serial: test } = anyTest;

/** Runs a line of a shell, in which `zameni` is the program. */
function shell(line: string, env: Readonly<Record<string, string>> = {}) {
  type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const script = `zameni() { "$0" cli/bin/zameni.ts --profile ${profile} "$@"; }\n${line}`;
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: 120_000 };
  execFile('bash', ['-c', script, process.execPath], options, (error, stdout, stderr) => {
    resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
  });
  return promise;
}

/** Nobody listens there. */
const behindProxy = {
  HTTP_PROXY: 'http://127.0.0.1:9',
  http_proxy: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  NODE_USE_ENV_PROXY: '1',
};

test('a full disk ends a command with one line and status 1', async (t) => {
  const line = /^zameni: the output cannot be written \(ENOSPC\)\n$/;
  for (const command of ['status', 'status --json', '--help', 'token --scope users:read']) {
    const { status, stderr } = await shell(`zameni ${command} > /dev/full`);
    t.is(status, 1, command);
    t.regex(stderr, line, command);
  }
});

test('a closed pipe ends a command with 141 and without a word', async (t) => {
  const ended = await shell('zameni status | true; exit ${PIPESTATUS[0]}');
  t.deepEqual(ended, { status: 141, stdout: '', stderr: '' });
});

test('the command line and the demo pass the proxy on their way to this machine', async (t) => {
  const { status, stdout } = await shell('zameni status --json', behindProxy);
  t.is(status, 0);
  t.is(JSON.parse(stdout).gateway.state, 'ready');
  const no = await shell('zameni status --json', { ...behindProxy, no_proxy: 'corp.example' });
  t.is(no.status, 0);
});

test('the demo registers people of its own, on a stack that was used before', async (t) => {
  t.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), 'zameni-demo-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const lines = readFileSync(join(root, 'fixtures/people.ndjson'), 'utf8').split('\n');
  const file = join(folder, 'people.ndjson');
  writeFileSync(file, lines.slice(0, 50).join('\n'));
  t.is((await shell(`zameni register ${file}`)).status, 0);
  for (const env of [{}, behindProxy]) {
    const { status, stdout, stderr } = await shell(
      `"$0" e2e/demo/main.ts --profile ${profile}`,
      env,
    );
    t.is(status, 0, stdout + stderr);
    t.regex(stdout, /^became readable {5}1000 of 1000$/m);
    t.regex(stdout, /^read back as sent {3}1000 of 1000$/m);
    t.regex(stdout, /^await proof {9}0$/m);
    t.regex(stdout, /^refused {13}0$/m);
  }
});
