import type { NatsConnection } from '@nats-io/transport-node';
import { apiPrefix } from '@zameni/contracts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../errors.ts';

/** Asks the leader of the log to hand over to a server. */
export type StepDown = (preferred: string) => Promise<void>;

const DEADLINE_MS = 2_000;

const Reply = Compile(Type.Object({ success: Type.Literal(true) }));

/** Needs the permission to step down the stream's leader. */
export function createStepDown(
  nc: NatsConnection,
  { stream, user }: { readonly stream: string; readonly user: string },
): StepDown {
  const subject = `${apiPrefix(user)}.STREAM.LEADER.STEPDOWN.${stream}`;
  return async (preferred) => {
    const body = JSON.stringify({ placement: { preferred } });
    const reply = await nc.request(subject, body, { timeout: DEADLINE_MS });
    if (!Reply.Check(reply.json())) throw new Fault('the leader of the log does not step down');
  };
}
