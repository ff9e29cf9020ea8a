import { randomUUID } from 'node:crypto';
import { ACCOUNTS_STREAM, type ClaimRecord, subjects } from '@zameni/contracts';
import {
  type AppendOutcome,
  createDigests,
  createJetStreamLog,
  type EventLog,
  type NatsConnection,
  readKeyRing,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/testing';
import { readClaimLayout } from './claim-names.ts';

/** A registration of which claim and key were sent to the log, and the event, which commits, is not. */
export type HalfBatch = {
  /** What it would make: claim, key and event. */
  readonly subjects: readonly string[];
  /** Sends the rest; answers how the append ended. */
  readonly goOn: () => Promise<AppendOutcome>;
};

const APPEND_DEADLINE_MS = 30_000;

/**
 * Begins to register an address as the command API does, by the same adapter of the log, on a
 * connection that keeps the commit back.
 */
export async function sendHalf(
  nc: NatsConnection,
  stack: Stack,
  email: string,
): Promise<HalfBatch> {
  const commit = Promise.withResolvers<void>();
  const log = await openHesitantLog(nc, commit.promise);
  const k = createDigests(readKeyRing(stack.keys.pepperFile)).claimOf(email);
  const userId = randomUUID();
  const claim: ClaimRecord = { state: 'held', userId, verified: false };
  const messages = [
    {
      subject: readClaimLayout(stack).placeOf(k).believed,
      data: JSON.stringify(claim),
      expectedPosition: 0,
    },
    { subject: subjects.key(userId), data: '{}', expectedPosition: 0 },
    { subject: subjects.account(userId), data: '{}', expectedPosition: 0 },
  ];
  const outcome = log.append(messages, AbortSignal.timeout(APPEND_DEADLINE_MS));
  await nc.flush();
  return {
    subjects: messages.map(({ subject }) => subject),
    goOn: () => {
      commit.resolve();
      return outcome;
    },
  };
}

/** Only the last message of a batch is sent as a request. */
function openHesitantLog(nc: NatsConnection, until: Promise<void>): Promise<EventLog> {
  const hesitant = new Proxy(nc, {
    get: (target, name): unknown => {
      if (name === 'request') {
        return async (...args: Parameters<NatsConnection['request']>) => {
          await until;
          return target.request(...args);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return createJetStreamLog(hesitant, { stream: ACCOUNTS_STREAM.name, user: 'command-api' });
}
