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
      summary: 'instead, make a server of the log anew that was away during an erasure',
      choices: LOG_SERVERS,
    },
    profileOption,
  ],
  description: `
An erasure destroys key, claims, attempts, rows and cache entries at once; free
pages, old row versions and write-ahead logs keep bytes of them. This rewrites the
tables of the read models, lets both databases drop their old write-ahead log, and
restarts the servers of the log one after the other, which makes them drop theirs.
People are registered meanwhile; reads may wait while a table is rewritten.
With --recreate, the copy of the log that one server has is deleted and made anew
from the other two, and erasures that name the server count as done there.
It works where npm start runs. The runbook says the same for servers elsewhere.`,
  examples: ['npx zameni purge', 'npx zameni purge --recreate n2'],
  exitStatuses: { 1: 'a step failed; running it again begins anew' },
  run: async (args, { stdout }) => {
    const stack = await readStack(profileOf(args));
    await using _lock = await lockForgetting(stack);
    const startedAt = performance.now();
    const tell = (text: string) => {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      stdout.write(`${seconds.padStart(6)} s  ${text}\n`);
    };
    const server = LOG_SERVERS.find((name) => name === args.value('recreate'));
    const { clearDatabases, settleErasures } = await import('./clear-databases.ts');
    const { recreateLogServer, restartLogServers } = await import('./restart-log-servers.ts');
    if (server === undefined) {
      await clearDatabases(stack, tell);
      await restartLogServers(stack, tell);
    } else {
      await recreateLogServer(stack, server, tell);
      await settleErasures(stack, server);
    }
    tell('done');
    return EXIT.done;
  },
};

/** Two purges at once would restart two of three servers of the log and block registrations. */
async function lockForgetting({ folders }: Stack): Promise<AsyncDisposable> {
  const lock = await lockFile(join(folders.root, 'purge.lock'));
  if (lock.status === 'taken') return lock;
  const who = lock.status === 'held' ? `process ${lock.pid}` : 'another process';
  throw new CommandError('purge-under-way', `${who} is at it already`);
}
