import { gatewayPart } from './gateway-part.ts';
import { keyKeeperPart } from './key-keeper-part.ts';
import { NATS_PARTS, natsParts } from './nats-part.ts';
import type { PartContext } from './part-context.ts';
import { poolPart } from './pool-part.ts';
import { postgresParts } from './postgres-part.ts';
import { provisionLog, provisionReadModels } from './provision.ts';
import { redisPart } from './redis-part.ts';
import { serviceParts } from './service-parts.ts';
import type { Part } from './supervisor.ts';

const PROVISION_DEADLINE_MS = 60_000;

/** Lists everything a stack is made of, servers first, and writes their configurations. */
export async function stackParts(context: PartContext): Promise<Part[]> {
  return [
    ...(await natsParts(context)),
    await redisPart(context),
    ...(await postgresParts(context)),
    await poolPart(context),
    {
      kind: 'step',
      name: 'stream',
      after: NATS_PARTS,
      deadlineMs: PROVISION_DEADLINE_MS,
      run: (signal) => provisionLog(context, signal),
    },
    {
      kind: 'step',
      name: 'migrations',
      after: ['database roles'],
      deadlineMs: PROVISION_DEADLINE_MS,
      run: (signal) => provisionReadModels(context, signal),
    },
    keyKeeperPart(context),
    ...serviceParts(context, ['redis', 'pgbouncer', 'stream', 'migrations']),
    await gatewayPart(context),
  ];
}
