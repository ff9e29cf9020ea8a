import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RegisterCommand } from '@zameni/contracts';

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

/** The requests of fixtures/refused.ndjson. */
export function readRefused(): RefusedRequest[] {
  return readLines('refused.ndjson').map((line) => JSON.parse(line));
}

function readLines(name: string): string[] {
  return readFileSync(new URL(name, fixtures), 'utf8').trimEnd().split('\n');
}
