import { runService } from '@zameni/runtime';
import { Config } from './config.ts';
import { startProjector } from './start.ts';

await runService({ name: 'projector', schema: Config, start: startProjector });
