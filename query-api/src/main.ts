import { runService } from '@zameni/runtime';
import { Config } from './config.ts';
import { startQueryApi } from './start.ts';

await runService({
  name: 'query-api',
  schema: Config,
  isBehindGateway: true,
  start: startQueryApi,
});
