import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort, type Stack } from '@zameni/runtime/testing';
import { findServer, isFound } from '../../deploy/local/install/find-servers.ts';
import { serverEnvironment } from '../../deploy/local/parts/context.ts';
import { startChild } from '../../deploy/local/supervisor/child.ts';
import { createRuleFiles } from '../../deploy/telemetry/prometheus/rule-files.ts';
import { renderScrapeConfig } from '../../deploy/telemetry/prometheus/scrape-config.ts';
import { isHealthy } from '../support/is-healthy.ts';
import { untilUp } from '../support/until-up.ts';
import { createPrometheusApi, type PrometheusApi } from './prometheus-api.ts';

/** A Prometheus of a test's own. */
export type OwnPrometheus = AsyncDisposable & { readonly api: PrometheusApi };

/**
 * Starts a Prometheus that scrapes the stack each second, with the rules of a deployment. `scale`
 * multiplies the times that somebody would have to wait for.
 */
export async function startOwnPrometheus(
  { telemetry, folders }: Stack,
  { name, scale }: { readonly name: string; readonly scale: number },
): Promise<OwnPrometheus> {
  if (telemetry === null) throw new Error('the stack runs without telemetry');
  const program = await findServer('prometheus', []);
  if (!isFound(program)) throw new Error('there is no prometheus');
  const folder = join(folders.root, 'prometheus', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const rules = createRuleFiles({ scale });
  for (const [file, text] of Object.entries(rules)) await writeFile(join(folder, file), text);
  const config = renderScrapeConfig({
    targets: telemetry.metrics,
    ruleFiles: Object.keys(rules).map((file) => join(folder, file)),
    scrapeSeconds: 1,
    evaluateSeconds: 1,
  });
  await writeFile(join(folder, 'prometheus.yaml'), config);
  const logFile = join(folders.logs, `${name}.log`);
  const address = `127.0.0.1:${await findFreePort()}`;
  const child = startChild(
    {
      name,
      command: [
        program.path,
        `--config.file=${join(folder, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
      ],
      env: serverEnvironment(),
      deathSignal: 'KILL',
      stop: { signal: 'SIGTERM', deadlineMs: 10_000 },
    },
    { logFile },
  );
  const url = `http://${address}`;
  await untilUp(child, { isUp: () => isHealthy(`${url}/-/ready`), logFile });
  return {
    api: createPrometheusApi(url),
    [Symbol.asyncDispose]: async () => {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
