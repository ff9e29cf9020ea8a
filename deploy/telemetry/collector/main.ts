import { createCollectorConfig } from './create-config.ts';
import { renderCollectorConfig } from './render-config.ts';

const result = createCollectorConfig(process.env);
if (result.ok) {
  process.stdout.write(renderCollectorConfig(result.config));
} else {
  for (const fault of result.faults) process.stderr.write(`${fault}\n`);
  process.exitCode = 1;
}
