import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

/** A flood of public registrations of fresh addresses. */
export const FloodInput = Type.Object({
  gatewayUrl: Type.String(),
  /** Requests a second, sent regardless of earlier answers. */
  rate: Type.Number(),
  seconds: Type.Number(),
  /** The prefix of every address, so that no two floods share one. */
  prefix: Type.String(),
});
export type FloodInput = Static<typeof FloodInput>;

/** The answers to a flood. */
export const Flood = Type.Object({
  sent: Type.Integer(),
  seconds: Type.Number(),
  /** Every accepted registration: its id, its sealed position, milliseconds to the answer. */
  accepted: Type.Array(Type.Tuple([Type.String(), Type.String(), Type.Number()])),
  /** Refusals by their code. */
  refused: Type.Record(Type.String(), Type.Integer()),
  refusedMs: Type.Array(Type.Number()),
  /** Other answers: the fault, and how often it occurred. */
  faults: Type.Record(Type.String(), Type.Integer()),
});
export type Flood = Static<typeof Flood>;

const program = join(import.meta.dirname, 'flood-main.ts');

/** Runs a flood in its own process, so that the caller's work does not delay its event loop. */
export async function flood(input: FloodInput): Promise<Flood> {
  const child = spawn(process.execPath, [program, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return Value.Parse(Flood, await json(child.stdout));
}
