/** Where a command writes. */
export type Output = {
  readonly stdout: { readonly write: (text: string) => unknown };
  readonly stderr: { readonly write: (text: string) => unknown };
};

/** One command of `zameni`. */
export type Command = {
  readonly name: string;
  readonly summary: string;
  /** Text of `zameni <name> --help`. */
  readonly help: string;
  /** Throws UsageError for wrong arguments. */
  readonly run: (args: readonly string[], output: Output) => Promise<void>;
};

/** Arguments a command cannot take; the message says which and how they go. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
