import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventEmitter } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { createLogger } from '../process/logger.ts';
import { createSecurityLog, watchLosses } from './security-log.ts';

const used = {
  method: 'DELETE',
  route: '/v1/users/{id}',
  status: 202,
  actor: 'app',
  scope: 'users:erase',
  traceId: '0'.repeat(32),
} as const;

async function folderOf(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-security-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

function open(target: string, errors: string[] = []) {
  const write = (line: string) => void errors.push(line);
  const logger = createLogger({ service: 'test', instance: 'test-1', level: 'info', write });
  return createSecurityLog({ target, service: 'test', instance: 'test-1', logger });
}

test('events are appended at once, to a file for its owner only', async (t) => {
  const target = join(await folderOf(t), 'security.log');
  await writeFile(target, 'before\n', { mode: 0o600 });
  open(target).info(used, 'scope used on others');
  open(target).info(used, 'scope used on others');
  const [before, ...lines] = (await readFile(target, 'utf8')).trimEnd().split('\n');
  t.is(before, 'before');
  t.is(lines.length, 2);
  t.like(JSON.parse(lines[0] ?? ''), {
    'event.dataset': 'zameni.security',
    'event.code': 'scope-used',
    'service.node.name': 'test-1',
  });
  const made = join(await folderOf(t), 'made.log');
  open(made).info(used, 'scope used on others');
  t.is((await stat(made)).mode & 0o777, 0o600);
});

test('a file that was emptied is gone on with', async (t) => {
  const target = join(await folderOf(t), 'security.log');
  const log = open(target);
  log.info(used, 'scope used on others');
  const { size } = await stat(target);
  await truncate(target);
  log.info(used, 'scope used on others');
  t.is((await stat(target)).size, size);
});

test('a file that cannot be opened stops the start', async (t) => {
  const target = join(await folderOf(t), 'missing', 'security.log');
  t.throws(() => open(target), { code: 'ENOENT' });
});

test('a full disk is told once, and stops nothing', (t) => {
  const errors: string[] = [];
  const log = open('/dev/full', errors);
  for (let n = 0; n < 3; n += 1) log.info(used, 'scope used on others');
  t.is(errors.length, 1);
  t.true(errors[0]?.includes('security-log-not-written'));
});

test('what a full disk has no room for is told while it is lost', (t) => {
  const errors: string[] = [];
  const log = open('/dev/full', errors);
  for (let n = 0; n < 4_000; n += 1) log.info(used, 'scope used on others');
  t.is(errors.length, 2);
  t.true(errors[1]?.includes('security-events-being-lost'));
});

test('what was lost is counted in the file, once it is written again', (t) => {
  const lines: string[] = [];
  const logOf = (into: string[]) =>
    createLogger({
      service: 'test',
      instance: 'test-1',
      level: 'info',
      write: (line) => void into.push(line),
    });
  const told: string[] = [];
  const file = new EventEmitter();
  watchLosses(file, { log: logOf(lines), logger: logOf(told) });
  file.emit('drain');
  for (let n = 0; n < 3; n += 1) file.emit('drop', 'line');
  t.is(told.length, 1);
  t.is(lines.length, 0);
  for (let n = 0; n < 2; n += 1) file.emit('drain');
  t.is(lines.length, 1);
  t.like(JSON.parse(lines[0] ?? ''), { 'event.code': 'security-events-lost', 'zameni.lost': 3 });
  file.emit('drop', 'line');
  t.is(told.length, 2);
});
