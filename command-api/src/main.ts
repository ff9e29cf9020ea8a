import { runService } from '@zameni/runtime';
import { Config } from './config.ts';
import { startCommandApi } from './start.ts';

await runService({
  name: 'command-api',
  schema: Config,
  isBehindGateway: true,
  start: startCommandApi,
});
