import { StackError } from '../output/stack-error.ts';
import type { MissingServer } from './find-servers.ts';

/** Names everything that is missing at once, with the commands that install it. */
export function missingServersError(missing: readonly MissingServer[], reason: string): StackError {
  const lines = missing.map(({ entry, rejected }) => {
    const found = rejected.length === 0 ? '' : ` (${rejected.join('; ')})`;
    return `  ${entry.program} ${entry.minimumVersion} or newer${found}`;
  });
  const names = missing.map(({ name }) => name);
  const fromStable = missing
    .filter(({ name }) => name !== 'nats')
    .map(({ entry }) => entry.aptPackage);
  const formulas = missing.flatMap(({ entry }) => entry.brewFormula ?? []);
  const commands = [
    ...(fromStable.length === 0
      ? []
      : [
          `apt:   sudo apt-get update && sudo apt-get install --no-install-recommends ${fromStable.join(' ')}`,
        ]),
    ...(names.includes('nats')
      ? [
          'apt:   sudo apt-get install nats-server/testing   (with Debian testing among the sources)',
        ]
      : []),
    `brew:  brew install ${formulas.join(' ')}`,
  ];
  return new StackError(
    [
      'These servers are missing:',
      ...lines,
      `They could not be installed from here: ${reason}. Install them with one of`,
      ...commands.map((command) => `  ${command}`),
      'and start again. A server on PATH is used as it is.',
    ].join('\n'),
  );
}
