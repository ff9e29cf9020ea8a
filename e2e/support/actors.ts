import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type AnswerOf,
  type Client,
  createClient,
  type RegisterCommand,
  type RegistrationView,
  SCOPES,
  type Scope,
} from '@zameni/contracts';
import { PATIENCE_MS } from '@zameni/runtime/testing';
import { type LinkKind, type LinkOptions, openMailboxes } from './mailbox.ts';
import type { System } from './system.ts';

/** An accepted change: the id of an account or an attempt, and the position that covers it. */
export type Accepted = { readonly id: string; readonly position: string };

/**
 * The result of following a link: the account it made or proved, and the position that covers it.
 */
export type Proven = { readonly userId: string; readonly position: string };

/** What people and operators do in tests. All goes over HTTP except links: no mailbox gets them. */
export type Actors = AsyncDisposable & {
  /** An operator with every scope, and the public. */
  readonly operator: Client;
  readonly anyone: Client;
  /** Registers an account, vouched for by the operator. */
  readonly register: (body: RegisterCommand, key?: string) => Promise<Accepted>;
  /** Registers as the public. */
  readonly attempt: (body: RegisterCommand, key?: string) => Promise<Accepted>;
  readonly tokenFor: (id: string, kind: LinkKind, options?: LinkOptions) => Promise<string>;
  /** Follows a link and returns its result. */
  readonly prove: (id: string, kind: LinkKind, options?: LinkOptions) => Promise<Proven>;
  /** Registers a person as the public and proves the mailbox. */
  readonly join: (body: RegisterCommand, key?: string) => Promise<Accepted>;
  /** Reads a person as the operator, at the given position or later. */
  readonly read: (id: string, position: string) => Promise<AnswerOf<'readUser'>>;
  /** The status of a registration at the given position or later. Undefined if there is none. */
  readonly status: (
    id: string,
    position: string,
  ) => Promise<RegistrationView['status'] | undefined>;
};

const RETRY_MS = 250;

/** Creates the actors. `name` is the subject of the operator's token. */
export async function createActors(system: System, name: string): Promise<Actors> {
  const baseUrl = system.gatewayUrl;
  // The keys come from an object that no code extends.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const token = await system.token(Object.keys(SCOPES) as Scope[], name);
  const operator = createClient({ baseUrl, fetch, token });
  const anyone = createClient({ baseUrl, fetch });
  const { tokenFor, [Symbol.asyncDispose]: close } = await openMailboxes(system.stack);
  const fresh = (position: string) => ({ 'Min-Position': position, Prefer: 'wait=20' });

  const attempt: Actors['attempt'] = async (body, key) => {
    const headers = { 'Idempotency-Key': key };
    const answer = await untilDecided(() => anyone.registerPerson({ body, headers }));
    if (answer.status !== 202) throw unexpected('the attempt', answer);
    return { id: answer.body.registrationId, position: answer.headers.Position };
  };
  const prove: Actors['prove'] = async (id, kind, options) => {
    const body = { token: await tokenFor(id, kind, options) };
    const answer = await untilDecided(() => anyone.verifyEmail({ body }));
    if (answer.status !== 202) throw unexpected('the proof', answer);
    return { userId: answer.body.userId, position: answer.headers.Position };
  };
  return {
    operator,
    anyone,
    tokenFor,
    attempt,
    prove,
    // Without a key a repeated registration could meet its own.
    register: async (body, key = randomUUID()) => {
      const headers = { 'Idempotency-Key': key };
      const answer = await untilDecided(() => operator.registerPerson({ body, headers }));
      if (answer.status !== 201) throw unexpected('the registration', answer);
      return { id: answer.body.userId, position: answer.headers.Position };
    },
    join: async (body, key) => {
      const { id } = await attempt(body, key);
      const { userId, position } = await prove(id, 'attempt');
      if (userId !== id) throw new Error(`the proof of ${id} confirmed another account`);
      return { id, position };
    },
    read: (id, position) => operator.readUser({ params: { id }, headers: fresh(position) }),
    status: async (id, position) => {
      const headers = fresh(position);
      const answer = await anyone.readRegistration({ params: { id }, headers });
      if (answer.status === 200) return answer.body.status;
      if (answer.code === 'registration-not-found') return undefined;
      throw unexpected(`the registration ${id}`, answer);
    },
    [Symbol.asyncDispose]: close,
  };
}

/** A body that registers a person at an address. */
export function personAt(email: string): RegisterCommand {
  return {
    email,
    displayName: 'Vera Actor',
    locale: 'en',
    termsVersion: '2026-01',
    profile: { city: 'Niš' },
  };
}

/**
 * Repeats a command that has no outcome, as clients are told to. Each process learns for itself that
 * the log answers again after another test has disturbed it.
 */
async function untilDecided<Answer extends { readonly status: number }>(
  send: () => Promise<Answer>,
): Promise<Answer> {
  const endsAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await send();
    if (Reflect.get(answer, 'code') !== 'log-unavailable') return answer;
    if (performance.now() > endsAt) return answer;
    await pause(RETRY_MS);
  }
}

function unexpected(what: string, answer: { readonly status: number }): Error {
  const code: unknown = Reflect.get(answer, 'code');
  return new Error(`${what} was answered ${answer.status} ${typeof code === 'string' ? code : ''}`);
}
