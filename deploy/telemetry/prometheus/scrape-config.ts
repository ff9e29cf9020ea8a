import { stringify } from 'yaml';

/** What Prometheus scrapes: one process of a service, or an exporter. */
export type ScrapeTarget = {
  /** The service or server, for example `command-api` or `postgres`. */
  readonly job: string;
  /** The name of the process, for example `command-api-1`. */
  readonly instance: string;
  /** Address of its metrics: `http://HOST:PORT/PATH`. */
  readonly url: string;
};

/** What a configuration of Prometheus consists of. */
export type ScrapeOptions = {
  readonly targets: readonly ScrapeTarget[];
  /** Paths of rule files. Relative ones are relative to the configuration. */
  readonly ruleFiles: readonly string[];
  readonly scrapeSeconds: number;
  readonly evaluateSeconds: number;
};

/**
 * Writes the configuration of Prometheus. `job` and `instance` are labels of ours, so that names of
 * processes stay when ports change; targets of one job and path share a section.
 */
export function renderScrapeConfig(options: ScrapeOptions): string {
  const sections = Map.groupBy(
    options.targets,
    ({ job, url }) => `${job} ${new URL(url).pathname}`,
  );
  return stringify({
    global: {
      scrape_interval: `${options.scrapeSeconds}s`,
      scrape_timeout: `${options.scrapeSeconds}s`,
      evaluation_interval: `${options.evaluateSeconds}s`,
    },
    rule_files: [...options.ruleFiles],
    scrape_configs: [...sections.values()].map((targets, index) => toSection(targets, index + 1)),
  });
}

function toSection(targets: readonly ScrapeTarget[], number: number): object {
  const [first] = targets;
  if (first === undefined) throw new Error('a section of the configuration has no target');
  const { pathname, protocol } = new URL(first.url);
  return {
    // Prometheus wants another name for each section; the label `job` below is what it shows.
    job_name: `${first.job}-${number}`,
    scheme: protocol.replace(':', ''),
    metrics_path: pathname,
    static_configs: targets.map(({ job, instance, url }) => ({
      targets: [new URL(url).host],
      labels: { job, instance },
    })),
  };
}
