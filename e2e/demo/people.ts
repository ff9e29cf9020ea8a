import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MAX_ADDRESS_OCTETS, type RegisterCommand } from '@zameni/contracts';

/** A person of the fixtures, with the idempotency key of the line. */
export type Person = { readonly body: RegisterCommand; readonly idempotencyKey: string };

/** A request of the fixtures that must be refused, and how. */
export type RefusedRequest = {
  readonly reason: string;
  readonly body?: unknown;
  readonly raw?: string;
  readonly status: number;
  readonly pointer: string;
  readonly code: string;
};

const fixtures = new URL('../../fixtures/', import.meta.url);

/** The thousand people of fixtures/people.ndjson. */
export function readPeople(): Person[] {
  return readLines('people.ndjson').map((line) => ({
    body: JSON.parse(line),
    // A line always gets the same key, so that a second run gets the first answers again.
    idempotencyKey: createHash('sha256').update(line).digest('hex'),
  }));
}

/**
 * Makes others of these people: below hosts and with idempotency keys of the run, whose name has nine
 * characters. So a run meets nobody whom another run or `zameni register` has registered.
 */
export function ownPeople(people: readonly Person[], run: string): Person[] {
  return people.map(({ body, idempotencyKey }) => ({
    body: { ...body, email: toOwnAddress(body.email, run) },
    idempotencyKey: createHash('sha256').update(`${run} ${idempotencyKey}`).digest('hex'),
  }));
}

function toOwnAddress(email: string, run: string): string {
  const at = email.lastIndexOf('@') + 1;
  const own = `${email.slice(0, at)}${run}.${email.slice(at)}`;
  if (Buffer.byteLength(own.trim()) <= MAX_ADDRESS_OCTETS) return own;
  // The longest addresses have no room for a label, so it replaces the first one, as long as that.
  const end = email.indexOf('.', at);
  return `${email.slice(0, at)}${run.padEnd(end - at, 'x')}${email.slice(end)}`;
}

/** The requests of fixtures/refused.ndjson. */
export function readRefused(): RefusedRequest[] {
  return readLines('refused.ndjson').map((line) => JSON.parse(line));
}

function readLines(name: string): string[] {
  return readFileSync(new URL(name, fixtures), 'utf8').trimEnd().split('\n');
}
