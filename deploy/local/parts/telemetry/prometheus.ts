import { join } from 'node:path';
import {
  renderScrapeConfig,
  type ScrapeTarget,
} from '../../../telemetry/prometheus/scrape-config.ts';
import { writeFor } from '../../host/owners.ts';
import type { FoundServer } from '../../install/find-servers.ts';
import { dataFolder } from '../../profile/layout.ts';
import { REPOSITORY } from '../../profile/names.ts';
import { httpProbe } from '../../supervisor/probe.ts';
import type { ProcessPart } from '../../supervisor/supervised-process.ts';
import { type PartContext, serverEnvironment } from '../context.ts';

/** The rules and alerts are the same as in production. */
const RULE_FILES = join(REPOSITORY, 'deploy', 'telemetry', 'prometheus', 'rules', '*.yaml');

const SCRAPE_SECONDS = 5;

/** Prometheus deletes what is older, and the oldest of what is more. */
const RETENTION = ['--storage.tsdb.retention.time=2d', '--storage.tsdb.retention.size=512MB'];

/** Creates Prometheus. It scrapes from its start, so that it also sees how the stack starts. */
export async function prometheusPart(
  { ports, layout, users }: Pick<PartContext, 'ports' | 'layout' | 'users'>,
  server: FoundServer,
  targets: readonly ScrapeTarget[],
): Promise<ProcessPart> {
  const folder = layout.servers.prometheus;
  const address = `127.0.0.1:${ports.telemetry.prometheus}`;
  const file = join(folder, 'prometheus.yaml');
  const config = renderScrapeConfig({
    targets,
    ruleFiles: [RULE_FILES],
    scrapeSeconds: SCRAPE_SECONDS,
    evaluateSeconds: SCRAPE_SECONDS,
  });
  const runAs = users.of('prometheus');
  await writeFor(runAs, file, config);
  return {
    kind: 'process',
    name: 'prometheus',
    after: [],
    command: [
      server.path,
      `--config.file=${file}`,
      `--storage.tsdb.path=${dataFolder(folder)}`,
      ...RETENTION,
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ],
    env: serverEnvironment(),
    runAs,
    deathSignal: 'KILL',
    stop: { signal: 'SIGTERM', deadlineMs: 10_000 },
    probe: httpProbe(`http://${address}/-/ready`),
    readyDeadlineMs: 30_000,
    showsLines: false,
    mustDrain: false,
  };
}
