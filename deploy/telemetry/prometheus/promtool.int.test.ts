import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { ALERT_CASES, renderPromtoolTests } from './cases/promtool-tests.fixture.ts';
import { createRuleFiles } from './rule-files.ts';
import { renderScrapeConfig } from './scrape-config.ts';

const run = promisify(execFile);
const RULES = fileURLToPath(new URL('rules/', import.meta.url));
/** It works through hours of every alert, which alone takes a busy machine a minute. */
const TIMEOUT_MS = 240_000;

/** Runs promtool of Debian's package `prometheus`, which the stack installs. */
async function promtool(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run('promtool', args, { timeout: TIMEOUT_MS });
  return stdout + stderr;
}

async function temporaryFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-promtool-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

const TARGETS = [
  { job: 'command-api', instance: 'command-api-1', url: 'http://127.0.0.1:8100/metrics' },
  { job: 'command-api', instance: 'command-api-2', url: 'http://127.0.0.1:8101/metrics' },
  { job: 'gateway', instance: 'gateway', url: 'http://127.0.0.1:8166/metrics' },
];

/** Tests rule files with what each of their alerts must do. */
async function testAlerts(t: ExecutionContext, rules: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder(t);
  await write(folder, rules);
  const tests = Object.keys(rules).map((ruleFile) => ({
    name: `tests-of-${ruleFile}`,
    text: renderPromtoolTests(ruleFile, ALERT_CASES[ruleFile.replace('.yaml', '')] ?? []),
  }));
  await write(folder, Object.fromEntries(tests.map(({ name, text }) => [name, text])));
  return await promtool('test', 'rules', ...tests.map(({ name }) => join(folder, name)));
}

test('promtool accepts the configuration and the rules', async (t) => {
  const folder = await temporaryFolder(t);
  const ruleFiles = [`${RULES}*.yaml`];
  const config = { targets: TARGETS, ruleFiles, scrapeSeconds: 5, evaluateSeconds: 15 };
  await write(folder, { 'prometheus.yaml': renderScrapeConfig(config) });
  const said = await promtool('check', 'config', join(folder, 'prometheus.yaml'));
  t.true(said.includes(`${Object.keys(createRuleFiles()).length} rule files found`), said);
});

test('every alert fires when it must, and only then', async (t) => {
  await t.notThrowsAsync(testAlerts(t, createRuleFiles()));
});

test('promtool reports an alert that does not fire', async (t) => {
  const { 'log.yaml': rules = '' } = createRuleFiles();
  const deaf = rules.replace('{job="exporter"} < 1', '{job="exporter"} < 0');
  t.not(deaf, rules);
  const error = await t.throwsAsync(testAlerts(t, { 'log.yaml': deaf }));
  t.true(inspect(error).includes('alertname: LogServerDown'), inspect(error));
});
