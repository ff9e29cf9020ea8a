import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { createCollectorConfig } from './create-config.ts';
import { DESTINATIONS } from './destinations.ts';
import { renderCollectorConfig } from './render-config.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;

/** Collectors, and the destinations for which each has the exporter. */
const COLLECTORS = [
  { program: 'otelcol-contrib', titles: DESTINATIONS.map(({ title }) => title) },
  { program: 'otelcol-zameni', titles: ['Jaeger', 'Prometheus', 'New Relic', 'Elastic (ELK)'] },
  { program: 'jaeger', titles: ['Jaeger'] },
] as const;

const SET = 'http://127.0.0.1:1';

for (const { program, titles } of COLLECTORS) {
  test(`${program} accepts the configuration`, async (t) => {
    if (!(await isThere(program))) {
      t.log(`skipped: there is no program ${program}`);
      return t.pass();
    }
    const chosen = DESTINATIONS.filter(({ title }) => titles.some((name) => name === title));
    const names = chosen.flatMap(({ key, needs }) => [key, ...needs]);
    // Jaeger is a collector without a reader of files.
    if (program !== 'jaeger') names.push('ZAMENI_LOG_FILES');
    const env = Object.fromEntries(names.map((name) => [name, SET]));
    await t.notThrowsAsync(validate(t, program, env));
    // Nothing would be proven by a program that takes everything.
    const broken = (text: string) => text.replace('decision_wait:', 'decision_weight:');
    await t.throwsAsync(validate(t, program, env, broken));
  });
}

async function validate(
  t: ExecutionContext,
  program: string,
  env: Readonly<Record<string, string>>,
  change = (text: string) => text,
): Promise<void> {
  const result = createCollectorConfig(env);
  if (!result.ok) throw new Error(result.faults.join('; '));
  const folder = await mkdtemp(join(tmpdir(), 'zameni-collector-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'collector.yaml');
  const text = renderCollectorConfig(result.config);
  // Jaeger 2.13 knows the exporter by its older name only.
  const known = program === 'jaeger' ? text.replaceAll('otlp_http/', 'otlphttp/') : text;
  await writeFile(file, change(known));
  await run(program, ['validate', '--config', file], {
    env: { PATH: process.env['PATH'], ...env },
    timeout: TIMEOUT_MS,
  });
}

async function isThere(program: string): Promise<boolean> {
  try {
    await run('sh', ['-c', `command -v ${program}`], { timeout: TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}
