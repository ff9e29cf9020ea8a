import { createCollectorConfig } from '../collector/create-config.ts';
import { DESTINATIONS } from '../collector/destinations.ts';
import { renderCollectorConfig } from '../collector/render-config.ts';
import { DASHBOARDS } from '../grafana/all-dashboards.ts';
import { buildDashboard } from '../grafana/build-dashboard.ts';
import { provisioningFiles } from '../grafana/provisioning.ts';
import { createRuleFiles } from '../prometheus/rule-files.ts';

/** Every generated file of this folder, by its path below `deploy/telemetry/`. */
export function generatedFiles(): Record<string, string> {
  return {
    ...below('prometheus/rules', createRuleFiles()),
    'collector/golden/every-destination.yaml': everyDestination(),
    ...below('grafana/provisioning', provisioningFiles()),
    ...below(
      'grafana/golden',
      Object.fromEntries(DASHBOARDS.map((d) => [`${d.key}.json`, buildDashboard(d)])),
    ),
  };
}

function below(folder: string, files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]),
  );
}

/** The configuration of the collector with all keys set, to look at. */
function everyDestination(): string {
  const names = ['ZAMENI_LOG_FILES', ...DESTINATIONS.flatMap(({ key, needs }) => [key, ...needs])];
  const result = createCollectorConfig(Object.fromEntries(names.map((name) => [name, 'set'])));
  if (!result.ok) throw new Error(result.faults.join('; '));
  return renderCollectorConfig(result.config);
}
