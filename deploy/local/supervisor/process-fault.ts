import { StackError } from '../output/stack-error.ts';

/** A process that ended: its last lines, and the path of its log. */
export type EndedProcess = {
  readonly name: string;
  readonly lines: readonly string[];
  readonly path: string;
};

/** An error that says what happened to a process and shows its last lines. */
export function createDeathError(what: string, { name, lines, path }: EndedProcess): StackError {
  const shown = lines.map((line) => `  ${name} │ ${line}`).join('\n');
  return new StackError(`${what}. Its last lines (${path}):\n${shown}`);
}

/** Anything thrown on behalf of a process, as an error for the terminal. */
export function toStackError(name: string, thrown: unknown): StackError {
  if (thrown instanceof StackError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new StackError(`${name}: ${reason}`, { cause: thrown });
}
