import { runService } from '@zameni/runtime';
import { Config } from './config.ts';
import { startQueryApi } from './start-query-api.ts';

await runService({ name: 'query-api', schema: Config, start: startQueryApi });
