import test from 'ava';
import { loadCommand, loadCommands } from './commands.ts';
import { createMemoryIo } from './framework/io.fixture.ts';
import { main } from './main.ts';

/** Maximum width of prose in a help text. Indented tables may be wider. */
const PROSE_COLUMNS = 82;

const commands = await loadCommands();

for (const command of commands) {
  test(`the help of ${command.name} has options, examples and exit statuses`, async (t) => {
    const io = createMemoryIo();
    t.is(await main([command.name, '--help'], io), 0);
    t.regex(io.out(), new RegExp(`^Usage: npx zameni ${command.name}`));
    for (const { name } of command.options) t.true(io.out().includes(`--${name}`), name);
    for (const example of command.examples) t.true(io.out().includes(example));
    t.regex(io.out(), /Exit status:\n {2}0 /);
    const prose = command.description.split('\n').filter((line) => !line.startsWith('  '));
    const wide = prose.filter((line) => line.length > PROSE_COLUMNS);
    t.deepEqual(wide, []);
    const other = createMemoryIo();
    t.is(await main(['help', command.name], other), 0);
    t.is(other.out(), io.out());
  });
}

test('--help prints an overview of every command to standard output', async (t) => {
  const io = createMemoryIo();
  t.is(await main(['--help'], io), 0);
  for (const { name } of commands) t.true(io.out().includes(`\n  ${name}`), name);
});

test('a command is loaded by its name, and by nothing else', async (t) => {
  for (const { name } of commands) t.is((await loadCommand(name))?.name, name);
  for (const name of ['', 'fly', 'constructor', '__proto__']) {
    t.is(await loadCommand(name), undefined, name);
  }
});

test('wrong commands and arguments give status 2 and print to standard error only', async (t) => {
  for (const args of [
    [],
    ['fly'],
    ['user'],
    ['user', 'x'],
    ['status', '--loud'],
    ['help', 'fly'],
  ]) {
    const io = createMemoryIo();
    t.is(await main(args, io), 2, args.join(' '));
    t.is(io.out(), '');
    t.not(io.err(), '');
  }
});

test('accepts global options before the command', async (t) => {
  const before = createMemoryIo();
  t.is(await main(['--profile', 'moon', 'status'], before), 2);
  t.regex(before.err(), /--profile cannot be "moon"/);
  const url = createMemoryIo();
  t.is(await main(['--url=ftp://example.org', 'status'], url), 2);
  t.regex(url.err(), /--url takes an address/);
});

test('prints a failure with --json as a document with a stable code', async (t) => {
  const io = createMemoryIo();
  const missing = `${import.meta.dirname}/no-such-file`;
  t.is(await main(['register', missing, '--json', '--url', 'http://127.0.0.1:9'], io), 1);
  t.is(JSON.parse(io.out()).error.code, 'input-unreadable');
});

test('a token among the arguments is warned about, and not repeated', async (t) => {
  const args = ['status', '--url', 'http://127.0.0.1:9', '--json'];
  const warned = createMemoryIo();
  await main([...args, '--token', 'a.secret.token'], warned);
  t.regex(warned.err(), /^zameni: warning: .*--token.*ZAMENI_TOKEN.*\n/);
  t.false(`${warned.err()}${warned.out()}`.includes('secret'));
  const silent = createMemoryIo();
  await main(args, { ...silent, env: { ...silent.env, ZAMENI_TOKEN: 'a.secret.token' } });
  t.false(silent.err().includes('warning'));
});

test('--version prints the version', async (t) => {
  const io = createMemoryIo();
  t.is(await main(['--version'], io), 0);
  t.regex(io.out(), /^\d+\.\d+\.\d+\n$/);
});
