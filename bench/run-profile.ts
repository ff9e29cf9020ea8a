import { writeFile } from 'node:fs/promises';
import { StackError } from '../deploy/local/output/stack-error.ts';
import { credentialsOf } from './load/registration-path.ts';
import { runLoad } from './load/wrk.ts';
import { profileProcess } from './measurements/profile.ts';
import { printedToken } from './print-token.ts';
import type { Settings } from './settings.ts';

/** Profiles one process of the stack under load, and prints its hottest functions. */
export async function runProfile(settings: Settings): Promise<void> {
  const { stack, terminal, seconds, connections, path, process: name } = settings;
  const pid = stack.pids[name];
  const api = stack.services.find(({ service }) => service === 'command-api')?.url ?? '';
  if (pid === undefined) throw new StackError(`there is no process ${name}`);
  const kind = credentialsOf(path, await printedToken());
  const load = { ...kind, url: api, connections: connections.at(-1) ?? 64, seconds };
  await runLoad({ ...load, prefix: 'profile-warm' });
  const { hot, profile } = await profileProcess(pid, async () => {
    await runLoad({ ...load, prefix: 'profile' });
  });
  const file = `${stack.folders.logs}/${name}.cpuprofile`;
  await writeFile(file, JSON.stringify(profile));
  for (const { name: label, where, share } of hot.slice(0, 40)) {
    terminal.line(`${(share * 100).toFixed(1).padStart(5)} %  ${label}  ${where}`);
  }
  terminal.line(`\nThe whole profile: ${file}`);
}
