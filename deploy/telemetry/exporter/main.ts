import { ConfigError } from '@zameni/runtime/config';
import { runUntilStopped } from '../../local/inbox/run-until-stopped.ts';
import { type ExporterConfig, readExporterConfig } from './config.ts';
import { startExporter } from './exporter.ts';

/** `EX_CONFIG` of sysexits.h: another start with this environment would fail too. */
const EXIT_CONFIG = 78;

const config = configOrExit();
await runUntilStopped(await startExporter(config));

function configOrExit(): ExporterConfig {
  try {
    return readExporterConfig(process.env);
  } catch (fault) {
    if (!(fault instanceof ConfigError)) throw fault;
    process.stderr.write(`${fault.message}\n`);
    process.exit(EXIT_CONFIG);
  }
}
