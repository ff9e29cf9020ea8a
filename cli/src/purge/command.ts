import { join } from 'node:path';
import { readStack, type Stack } from '@zameni/runtime/stack';
import { lockFile } from '../../../deploy/local/host/file-lock.ts';
import { type Command, CommandError, EXIT } from '../framework/command.ts';
import { profileOf } from '../framework/connection.ts';
import { profileOption } from '../framework/global-options.ts';
import { LOG_SERVERS } from './log-servers.ts';

/** `zameni purge`: clears erased bytes from the files of the local stack's servers. */
export const purgeCommand: Command = {
  name: 'purge',
  summary: 'clear the bytes of erased people from the files of the local stack',
  options: [
    {
      name: 'recreate',
      value: '<server>',
      summary: 'instead, rebuild a server of the log that was down during an erasure',
      choices: LOG_SERVERS,
    },
    profileOption,
  ],
  description: `
An erasure immediately destroys key, claims, attempts, rows and cache entries, but
free pages, old row versions and write-ahead logs still contain their bytes. This
command rewrites the tables of the read models and makes both databases delete
their old write-ahead log. It then restarts the servers of the log one by one, so
that they delete theirs. Registration continues; reads may wait while a table is
rewritten.

With --recreate it deletes one server's copy of the log, which the server rebuilds
from the other two. Erasures that name the server then count as done there.

It works where npm start runs. The runbook has the steps for other servers.`,
  examples: ['npx zameni purge', 'npx zameni purge --recreate n2'],
  exitStatuses: { 1: 'a step failed; run the command again' },
  run: async (args, { stdout }) => {
    const stack = await readStack(profileOf(args));
    await using _lock = await lockPurge(stack);
    const startedAt = performance.now();
    const reportStep = (text: string) => {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      stdout.write(`${seconds.padStart(6)} s  ${text}\n`);
    };
    const server = LOG_SERVERS.find((name) => name === args.value('recreate'));
    const { clearDatabases, settleErasures } = await import('./clear-databases.ts');
    const { recreateLogServer, restartLogServers } = await import('./restart-log-servers.ts');
    if (server === undefined) {
      await clearDatabases(stack, reportStep);
      await restartLogServers(stack, reportStep);
    } else {
      await recreateLogServer(stack, server, reportStep);
      await settleErasures(stack, server);
    }
    reportStep('done');
    return EXIT.done;
  },
};

/** Locks the stack, because two purges could stop two of three servers and block registrations. */
async function lockPurge({ folders }: Stack): Promise<AsyncDisposable> {
  const lock = await lockFile(join(folders.root, 'purge.lock'));
  if (lock.status === 'taken') return lock;
  const who = lock.status === 'held' ? `process ${lock.pid}` : 'another process';
  throw new CommandError('purge-under-way', `${who} is purging this stack already`);
}
