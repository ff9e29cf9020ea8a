import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { refuseLogWithoutAccount } from './old-log.ts';

function createData(t: ExecutionContext, account: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-log-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'jetstream', account, 'streams', 'ACCOUNTS'), { recursive: true });
  return folder;
}

test('a log without an account of its own is refused, with the way out', (t) => {
  const data = createData(t, '$G');
  t.throws(() => refuseLogWithoutAccount(data), { name: 'StackError', message: /--fresh/ });
});

test('a log in its account and no log at all are taken', (t) => {
  const data = createData(t, 'LOG');
  t.notThrows(() => refuseLogWithoutAccount(data));
  t.notThrows(() => refuseLogWithoutAccount(join(data, 'none')));
});
