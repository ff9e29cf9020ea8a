import type { Io } from './io.ts';

/** One option of a command, for parsing, help and completion. */
export type OptionSpec = {
  /** The name without the dashes. */
  readonly name: string;
  /** Name of the value in the help. An option without a value is a flag. */
  readonly value?: string;
  readonly summary: string;
  /** The allowed values, if they are few. */
  readonly choices?: readonly string[];
  /** True if the option may be repeated. */
  readonly isMany?: boolean;
};

/** An operand of a command. */
export type OperandSpec = {
  readonly name: string;
  /** The allowed values. Without them the operand is a file or free text. */
  readonly choices?: readonly string[];
  readonly isFile?: boolean;
  /** True if the last operand may be repeated. */
  readonly isMany?: boolean;
};

/** The parsed arguments of a command. */
export type Arguments = {
  /** Empty for a command without an operand. */
  readonly operand: string;
  /** Empty if there is no second operand. */
  readonly object: string;
  /** The second operand and those after it, if it may be repeated. */
  readonly objects: readonly string[];
  readonly has: (flag: string) => boolean;
  /** The last value given. */
  readonly value: (option: string) => string | undefined;
  readonly values: (option: string) => readonly string[];
};

/** One command of `zameni`. */
export type Command = {
  readonly name: string;
  readonly summary: string;
  readonly operand?: OperandSpec;
  /** An optional second operand. Not every first operand takes one. */
  readonly object?: OperandSpec;
  readonly options: readonly OptionSpec[];
  /** Text of the help between usage and options. */
  readonly description: string;
  readonly examples: readonly string[];
  /** Exit statuses whose meaning differs from the usual done, failed and wrong arguments. */
  readonly exitStatuses?: Readonly<Record<number, string>>;
  /** Resolves to the exit status. Throws UsageError for wrong arguments. */
  readonly run: (args: Arguments, io: Io) => Promise<number>;
};

/** Exit statuses of `zameni`. `stopped` plus the signal's number is that of a stopped command. */
export const EXIT = { done: 0, failed: 1, usage: 2, stopped: 128 } as const;

/** Wrong arguments. The message names them and says what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A failure with a stable code for programs that read the output of `--json`. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: string;
  readonly traceId: string | undefined;

  constructor(code: string, message: string, options: { traceId?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.traceId = options.traceId;
  }
}
