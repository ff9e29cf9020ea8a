import { randomUUID } from 'node:crypto';
import {
  ACCOUNTS_STREAM,
  type ClaimRecord,
  type ClosedAttempt,
  type DeletionRecord,
  subjects,
} from '@zameni/contracts';
import {
  type AppendOutcome,
  createDigests,
  createJetStreamLog,
  type EventLog,
  type LogMessage,
  type NatsConnection,
  readPepperRing,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/testing';
import { PATIENCE_MS } from '@zameni/runtime/testing';
import { readClaimLayout } from '../log/claim-names.ts';

/** A commit whose messages were all sent to the log except the last, which commits. */
export type HalfBatch = {
  /** The account or attempt that it would make. */
  readonly subjects: readonly string[];
  /** Sends the rest and returns the result of the append. */
  readonly goOn: () => Promise<AppendOutcome>;
};

/**
 * Begins to register an address as the command API does, with the same log adapter. The connection
 * holds back the commit: claim and key are sent, the event is not.
 */
export function sendHalf(nc: NatsConnection, stack: Stack, email: string): Promise<HalfBatch> {
  const userId = randomUUID();
  return send(nc, [
    toClaim(stack, email, { state: 'held', userId, verified: false }),
    ...toPerson(userId),
  ]);
}

/** A proven attempt: its id, the position of its record, and the address. */
export type TriedAt = { readonly id: string; readonly position: number; readonly email: string };

/** Begins to prove an attempt. Everything is sent except the event. */
export function sendHalfProof(
  nc: NatsConnection,
  stack: Stack,
  { id, position, email }: TriedAt,
): Promise<HalfBatch> {
  const expiresAt = new Date().toISOString();
  const about = { attempt: position, expiresAt, userId: id };
  const closed: ClosedAttempt = { state: 'closed', by: 'proof', ...about };
  const attempts = [{ id, upTo: position }];
  const deletion: DeletionRecord = { claims: [], people: [], attempts, addresses: [] };
  return send(nc, [
    toClaim(stack, email, { state: 'held', userId: id, verified: true }),
    {
      subject: subjects.deletion(randomUUID()),
      data: JSON.stringify(deletion),
      expectedPosition: 0,
    },
    { subject: subjects.attempt(id), data: JSON.stringify(closed), expectedPosition: position },
    ...toPerson(id),
  ]);
}

function toClaim(stack: Stack, email: string, claim: ClaimRecord): LogMessage {
  const k = createDigests(readPepperRing(stack.keys.pepperFile)).claimOf(email);
  const subject = readClaimLayout(stack).placeOf(k).believed;
  return { subject, data: JSON.stringify(claim), expectedPosition: 0 };
}

function toPerson(userId: string): LogMessage[] {
  return [subjects.key(userId), subjects.account(userId)].map((subject) => {
    return { subject, data: '{}', expectedPosition: 0 };
  });
}

async function send(nc: NatsConnection, messages: readonly LogMessage[]): Promise<HalfBatch> {
  const commit = Promise.withResolvers<void>();
  const log = await openHesitantLog(nc, commit.promise);
  const outcome = log.append(messages, AbortSignal.timeout(PATIENCE_MS));
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
