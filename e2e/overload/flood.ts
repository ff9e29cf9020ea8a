import { spawn } from 'node:child_process';
import { json } from 'node:stream/consumers';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

/** A flood of registrations of fresh addresses, as the public sends them. */
export const FloodInput = Type.Object({
  gatewayUrl: Type.String(),
  /** Requests a second, sent whatever becomes of those before. */
  rate: Type.Number(),
  seconds: Type.Number(),
  /** Begins every address, so that no two floods share one. */
  prefix: Type.String(),
});
export type FloodInput = Static<typeof FloodInput>;

/** What a flood was told. */
export const Flood = Type.Object({
  sent: Type.Integer(),
  seconds: Type.Number(),
  /** Every accepted registration: its id, its sealed position, milliseconds to the answer. */
  accepted: Type.Array(Type.Tuple([Type.String(), Type.String(), Type.Number()])),
  /** Refusals by their code. */
  refused: Type.Record(Type.String(), Type.Integer()),
  refusedMs: Type.Array(Type.Number()),
  /** Answers that are neither: what was wrong, and how often. */
  faults: Type.Record(Type.String(), Type.Integer()),
});
export type Flood = Static<typeof Flood>;

const program = new URL('./flood-main.ts', import.meta.url).pathname;

/** Floods from a process of its own, whose event loop is not late because of the caller's. */
export async function flood(input: FloodInput): Promise<Flood> {
  const child = spawn(process.execPath, [program, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return Value.Parse(Flood, await json(child.stdout));
}
