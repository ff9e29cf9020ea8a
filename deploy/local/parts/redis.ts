import { join } from 'node:path';
import { writeFor } from '../host/owners.ts';
import { readPassword } from '../profile/layout.ts';
import { dialogueProbe } from '../supervisor/probe.ts';
import type { ProcessPart } from '../supervisor/supervised-process.ts';
import { type PartContext, serverEnvironment } from './context.ts';
import { redisConfig } from './redis-config.ts';

/** Creates the cache. */
export async function redisPart({
  ports,
  layout,
  servers,
  users,
  telemetry,
}: PartContext): Promise<ProcessPart> {
  const folder = layout.servers.redis;
  const file = join(folder, 'redis.conf');
  const password = await readPassword(layout.secrets.redis);
  const monitorPassword =
    telemetry === null ? null : await readPassword(layout.secrets.redisMonitor);
  const config = redisConfig({ port: ports.redis, folder, password, monitorPassword });
  const runAs = users.of('redis');
  await writeFor(runAs, file, config);
  return {
    kind: 'process',
    name: 'redis',
    after: [],
    command: [servers.redis.path, file],
    env: serverEnvironment(),
    runAs,
    deathSignal: 'KILL',
    stop: { signal: 'SIGTERM', deadlineMs: 5_000 },
    probe: dialogueProbe(ports.redis, `AUTH ${password}\r\nPING\r\n`, /\+PONG/),
    readyDeadlineMs: 20_000,
    showsLines: false,
    mustDrain: false,
  };
}
