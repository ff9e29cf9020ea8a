import type { Part } from '../supervisor/start-and-stop.ts';
import type { PartContext } from './context.ts';
import { gatewayPart } from './gateway/part.ts';
import { inboxPart } from './inbox.ts';
import { keyKeeperPart } from './key-keeper.ts';
import { NATS_PARTS, natsParts } from './nats/part.ts';
import { postgresParts } from './postgres/part.ts';
import { poolPart } from './postgres/pool-part.ts';
import { provisionLog, provisionReadModels } from './provision.ts';
import { REDIS_PARTS, redisParts } from './redis/part.ts';
import { serviceParts } from './services.ts';
import { metricsParts, traceParts } from './telemetry/parts.ts';
import { TRACE_RECEIVER } from './telemetry/trace-receiver.ts';

const PROVISION_DEADLINE_MS = 60_000;

/** Lists all parts of a stack, servers first, and writes their configurations. */
export async function stackParts(context: PartContext): Promise<Part[]> {
  // Services stop before it, so that their last spans arrive.
  const receiver = context.telemetry === null ? [] : [TRACE_RECEIVER];
  return [
    ...(await traceParts(context)),
    ...(await natsParts(context)),
    ...(await redisParts(context)),
    inboxPart(context),
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
    ...serviceParts(context, [
      ...Object.values(REDIS_PARTS),
      'pgbouncer',
      'stream',
      'migrations',
      ...receiver,
    ]),
    ...(await metricsParts(context)),
    await gatewayPart(context),
  ];
}
