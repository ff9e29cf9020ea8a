import { runService } from '@zameni/runtime';
import { Config } from './config.ts';
import { startProjector } from './start-projector.ts';

await runService({ name: 'projector', schema: Config, start: startProjector });
