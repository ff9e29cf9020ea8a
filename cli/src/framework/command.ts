import type { Io } from './io.ts';

/** One option of a command; parsing, help and completion are made from it. */
export type OptionSpec = {
  /** The name without the dashes. */
  readonly name: string;
  /** What its value is called in the help; an option without one is a flag. */
  readonly value?: string;
  readonly summary: string;
  /** The values it can have, when they are few. */
  readonly choices?: readonly string[];
  /** True when it may be given more than once. */
  readonly isMany?: boolean;
};

/** An operand of a command. */
export type OperandSpec = {
  readonly name: string;
  /** The values it can have; otherwise a file or free text. */
  readonly choices?: readonly string[];
  readonly isFile?: boolean;
};

/** What stands behind the name of a command, by the command's own specification. */
export type Arguments = {
  /** Empty for a command without an operand. */
  readonly operand: string;
  /** Empty when there is none. */
  readonly object: string;
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
  /** A second operand, which not every first one takes. */
  readonly object?: OperandSpec;
  readonly options: readonly OptionSpec[];
  /** Text of the help between usage and options. */
  readonly description: string;
  readonly examples: readonly string[];
  /** Exit statuses with another meaning than done, failed and wrong arguments have everywhere. */
  readonly exitStatuses?: Readonly<Record<number, string>>;
  /** Resolves to the exit status. Throws UsageError for wrong arguments. */
  readonly run: (args: Arguments, io: Io) => Promise<number>;
};

/** Exit statuses of `zameni`; a command that was stopped by a signal adds the signal's number. */
export const EXIT = { done: 0, failed: 1, usage: 2, stopped: 128 } as const;

/** Arguments a command cannot take; the message says which and how they go. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A failure with a stable code for programs that read the answer of `--json`. */
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
