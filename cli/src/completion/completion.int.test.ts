import { execFileSync } from 'node:child_process';
import test from 'ava';
import { loadCommands } from '../commands.ts';
import { PROFILES } from '../framework/global-options.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const commands = await loadCommands();

/** Returns the words that bash offers for a line with the cursor at its end. */
function complete(line: string): string[] {
  const script = `
set -u
source /dev/stdin <<'SCRIPT'
${bashCompletion(commands)}
SCRIPT
COMP_LINE=$1 COMP_POINT=\${#1}
_zameni
printf '%s\\n' "\${COMPREPLY[@]:-}"`;
  const text = execFileSync('bash', ['--norc', '-c', script, 'bash', line], { encoding: 'utf8' });
  return text.split('\n').filter((word) => word !== '');
}

const offers = test.macro<[string, string[]]>({
  title: (_, line) => `bash completes "${line}"`,
  exec: (t, line, expected) => t.deepEqual(complete(line), expected),
});

test(offers, 'zameni re', ['register', 'rebuild']);
test(offers, 'zameni st', ['status']);
test(offers, 'zameni help d', ['doctor']);
test(offers, 'zameni register --con', ['--concurrency']);
test(offers, 'zameni register --concurrency ', []);
test(offers, 'zameni status --profile ', [...PROFILES]);
test(offers, 'zameni --profile test sta', ['status']);
test(offers, 'zameni completion ', ['bash', 'zsh', 'fish', '--help']);
test(offers, 'zameni keys r', ['rotate', 'registration']);
test(offers, 'zameni keys rotate ve', ['verification']);
test(offers, 'zameni parked re', ['redrive']);
test(offers, 'zameni parked discard --po', ['--position']);
test(offers, 'zameni user --m', ['--min-position']);
test(offers, 'zameni token --scope users', [
  'users:import',
  'users:read',
  'users:write',
  'users:admin',
  'users:erase',
]);
// Bash ends a word at the colon, so it has completed "registrations:" as a word already.
test(offers, 'zameni token --scope registrations:', ['write']);
test(offers, 'zameni fly ', []);

test('bash offers every command', (t) => {
  const words = complete('zameni ');
  for (const { name } of commands) t.true(words.includes(name), name);
});

test('bash sources the script from a process substitution', (t) => {
  const script = 'source <(printf %s "$1") && complete -p zameni';
  const text = execFileSync('bash', ['-c', script, 'bash', bashCompletion(commands)]);
  t.is(text.toString(), 'complete -F _zameni zameni\n');
});

for (const [shell, make] of [
  ['zsh', zshCompletion],
  ['fish', fishCompletion],
] as const) {
  test(`the script for ${shell} names every command and option`, (t) => {
    const script = make(commands);
    for (const { name, options } of commands) {
      t.true(script.includes(name), name);
      for (const option of options) t.true(script.includes(option.name), option.name);
    }
  });
}
