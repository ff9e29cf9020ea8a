import { stringify } from 'yaml';
import { type CollectorConfig, faultsOf } from './config-schema.ts';

/** Writes a configuration as the collector reads it. Throws if it does not fit its schema. */
export function renderCollectorConfig(config: CollectorConfig): string {
  const faults = faultsOf(config);
  if (faults.length > 0) throw new Error(`the configuration is wrong: ${faults.join('; ')}`);
  return stringify(config, { lineWidth: 0, aliasDuplicateObjects: false });
}
