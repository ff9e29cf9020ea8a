import {
  type AnswerOf,
  type Client,
  createClient,
  type RegisterCommand,
  type RegistrationOutcome,
  SCOPES,
  type Scope,
} from '@zameni/contracts';
import { type Attempt, openMailboxes } from './mailbox.ts';
import type { System } from './system.ts';

/** An attempt to be registered that was accepted, and the position that covers it. */
export type Registered = {
  readonly id: string;
  /** 201: the address is hers; 202: the outcome is not told, or she waits for proof of the mailbox. */
  readonly status: 201 | 202;
  readonly position: string;
};

/** What people and operators do in tests: over HTTP, but for the links, which reach no mailbox. */
export type Actors = AsyncDisposable & {
  /** An operator with every scope, and the public. */
  readonly operator: Client;
  readonly anyone: Client;
  readonly register: (body: RegisterCommand, key?: string) => Promise<Registered>;
  /** Follows the link of an attempt; answers the position that covers what came of it. */
  readonly prove: (id: string, attempt: Attempt) => Promise<string>;
  readonly tokenFor: (id: string, attempt: Attempt) => Promise<string>;
  /** Reads a person as the operator, at a position at least. */
  readonly read: (id: string, position: string) => Promise<AnswerOf<'readUser'>>;
  /** How a registration stands at a position; undefined while it is not processed. */
  readonly outcome: (id: string, position: string) => Promise<RegistrationOutcome | undefined>;
};

/** Brings the actors in; `name` is the subject of the operator's token. */
export async function createActors(system: System, name: string): Promise<Actors> {
  const baseUrl = system.gatewayUrl;
  const token = await system.token(Object.keys(SCOPES) as Scope[], name);
  const operator = createClient({ baseUrl, fetch, token });
  const anyone = createClient({ baseUrl, fetch });
  const { tokenFor, [Symbol.asyncDispose]: close } = await openMailboxes(system.stack);
  const fresh = (position: string) => ({ 'Min-Position': position, Prefer: 'wait=20' });
  return {
    operator,
    anyone,
    tokenFor,
    register: async (body, key) => {
      const answer = await operator.registerPerson({ body, headers: { 'Idempotency-Key': key } });
      if (answer.status === 201) {
        return { id: answer.body.userId, status: 201, position: answer.headers.Position };
      }
      if (answer.status === 202) {
        return { id: answer.body.registrationId, status: 202, position: answer.headers.Position };
      }
      throw new Error(`the registration was answered ${answer.status} ${answer.code}`);
    },
    prove: async (id, attempt) => {
      const answer = await anyone.verifyEmail({ body: { token: await tokenFor(id, attempt) } });
      if (answer.status === 202) return answer.headers.Position;
      throw new Error(`the proof was answered ${answer.status} ${answer.code}`);
    },
    read: (id, position) => operator.readUser({ params: { id }, headers: fresh(position) }),
    outcome: async (id, position) => {
      const headers = fresh(position);
      const answer = await operator.readRegistration({ params: { id }, headers });
      if (answer.status === 200) return answer.body.outcome;
      throw new Error(`the registration ${id} was answered ${answer.status} ${answer.code}`);
    },
    [Symbol.asyncDispose]: close,
  };
}

/** A body that registers somebody at an address. */
export function personAt(email: string): RegisterCommand {
  return {
    email,
    displayName: 'Vera Actor',
    locale: 'en',
    termsVersion: '2026-01',
    profile: { city: 'Niš' },
  };
}
