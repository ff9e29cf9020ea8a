import { parseArgs } from 'node:util';
import { type Arguments, type Command, UsageError } from './command.ts';

/** Parses the arguments of a command according to its specification. */
export function parseArguments(command: Command, args: readonly string[]): Arguments {
  const { values, positionals } = parse(command, args);
  const [operand = '', ...others] = positionals;
  const room = command.object === undefined ? 0 : 1;
  const taken = command.object?.isMany === true ? others.length : room;
  const objects = others.slice(0, taken);
  const [object = ''] = objects;
  const more = others.slice(taken);
  if (command.operand === undefined && operand !== '') {
    throw new UsageError(`it takes no operand, and "${operand}" is one`);
  }
  if (command.operand !== undefined && operand === '') {
    throw new UsageError(`<${command.operand.name}> is missing`);
  }
  if (more.length > 0) {
    const enough = command.object === undefined ? 'one operand is' : 'two operands are';
    throw new UsageError(`${enough} enough; ${positionals.length} are given`);
  }
  requireChoice(`<${command.operand?.name}>`, operand, command.operand?.choices);
  for (const each of objects) {
    if (each !== '') requireChoice(`<${command.object?.name}>`, each, command.object?.choices);
  }
  for (const { name, choices } of command.options) {
    for (const value of textsOf(values, name)) requireChoice(`--${name}`, value, choices);
  }
  return {
    operand,
    object,
    objects,
    has: (flag) => values[flag] === true,
    value: (option) => textsOf(values, option).at(-1),
    values: (option) => textsOf(values, option),
  };
}

/** Parses an integer within its bounds. Returns the default if the option is not given. */
export function parseInteger(
  args: Arguments,
  option: string,
  {
    min,
    max,
    byDefault,
  }: { readonly min: number; readonly max: number; readonly byDefault: number },
): number {
  const text = args.value(option);
  if (text === undefined) return byDefault;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new UsageError(`--${option} takes ${min} to ${max}`);
  return value;
}

type Values = Readonly<Record<string, undefined | boolean | string | (string | boolean)[]>>;

function parse(
  command: Command,
  args: readonly string[],
): { values: Values; positionals: string[] } {
  const options = Object.fromEntries(
    command.options.map(({ name, value }) => [
      name,
      value === undefined
        ? ({ type: 'boolean' } as const)
        : ({ type: 'string', multiple: true } as const),
    ]),
  );
  try {
    return parseArgs({ args: [...args], strict: true, allowPositionals: true, options });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    // The rest of the message is advice that does not apply here.
    throw new UsageError(message.split('. ')[0] ?? message, { cause });
  }
}

function textsOf(values: Values, option: string): string[] {
  const value = values[option];
  return (Array.isArray(value) ? value : [value]).filter((text) => typeof text === 'string');
}

function requireChoice(what: string, value: string, choices: readonly string[] | undefined): void {
  if (choices !== undefined && !choices.includes(value)) {
    throw new UsageError(`${what} cannot be "${value}". It is one of: ${choices.join(', ')}`);
  }
}
