import { stringify } from 'yaml';
import { METRICS_SOURCE, TRACES_SOURCE } from './data-sources.ts';

const HEAD =
  '# Written by `npm run telemetry:files`. Grafana takes the variables from its environment.\n';

/** The files that Grafana's provisioning reads, by path in its folder. */
export function provisioningFiles(): Record<string, string> {
  return {
    'datasources/zameni.yaml': toYaml({
      apiVersion: 1,
      datasources: [
        {
          name: 'Zameni metrics',
          ...METRICS_SOURCE,
          access: 'proxy',
          url: '$ZAMENI_PROMETHEUS_URL',
          isDefault: true,
          editable: false,
          jsonData: { httpMethod: 'POST', timeInterval: '15s' },
        },
        {
          name: 'Zameni traces',
          ...TRACES_SOURCE,
          access: 'proxy',
          url: '$ZAMENI_JAEGER_URL',
          editable: false,
        },
      ],
    }),
    'dashboards/zameni.yaml': toYaml({
      apiVersion: 1,
      providers: [
        {
          name: 'Zameni',
          folder: 'Zameni',
          folderUid: 'zameni',
          type: 'file',
          allowUiUpdates: false,
          disableDeletion: true,
          updateIntervalSeconds: 30,
          options: { path: '$ZAMENI_DASHBOARDS' },
        },
      ],
    }),
  };
}

function toYaml(document: object): string {
  return `${HEAD}${stringify(document, { lineWidth: 0 })}`;
}
