import test from 'ava';
import { parse } from 'yaml';
import { renderScrapeConfig } from './scrape-config.ts';

test('targets of one job and path share a section, and carry labels of ours', (t) => {
  const config = parse(
    renderScrapeConfig({
      targets: [
        { job: 'mailer', instance: 'mailer-1', url: 'http://127.0.0.1:8150/metrics' },
        { job: 'mailer', instance: 'mailer-2', url: 'http://127.0.0.1:8151/metrics' },
        { job: 'redis', instance: 'redis', url: 'https://127.0.0.1:8168/scrape' },
      ],
      ruleFiles: ['rules/*.yaml'],
      scrapeSeconds: 5,
      evaluateSeconds: 15,
    }),
  );
  t.like(config.global, { scrape_interval: '5s', evaluation_interval: '15s' });
  t.deepEqual(config.rule_files, ['rules/*.yaml']);
  t.like(config.scrape_configs, [
    {
      scheme: 'http',
      metrics_path: '/metrics',
      static_configs: [
        { targets: ['127.0.0.1:8150'], labels: { job: 'mailer', instance: 'mailer-1' } },
        { targets: ['127.0.0.1:8151'], labels: { job: 'mailer', instance: 'mailer-2' } },
      ],
    },
    { scheme: 'https', metrics_path: '/scrape' },
  ]);
});
