import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as NumberBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as LinesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Panel, Query } from './dashboard.ts';
import { METRICS_SOURCE } from './data-sources.ts';

const DEFAULT_WIDTH = 8;
const HEIGHT = 8;

/** Builds a panel with Grafana's own library. */
export function buildPanel(panel: Panel): LinesBuilder | NumberBuilder {
  const builder = panel.shape === 'number' ? numberPanel() : linesPanel(panel);
  builder
    .id(panel.id)
    .title(panel.title)
    .description(panel.description)
    .datasource(METRICS_SOURCE)
    .unit(panel.unit)
    .min(0)
    .span(panel.width ?? DEFAULT_WIDTH)
    .height(HEIGHT)
    .targets(panel.queries.map(toTarget))
    .thresholds(thresholdsOf(panel));
  if (panel.runbook !== undefined) builder.links([runbookLink(panel.runbook)]);
  return builder;
}

function linesPanel(panel: Panel): LinesBuilder {
  return new LinesBuilder()
    .fillOpacity(10)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(
        panel.thresholds === undefined
          ? GraphThresholdsStyleMode.Off
          : GraphThresholdsStyleMode.Dashed,
      ),
    );
}

function numberPanel(): NumberBuilder {
  return new NumberBuilder().reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
}

function toTarget({ expr, legend }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .datasource(METRICS_SOURCE)
    .expr(expr)
    .legendFormat(legend)
    .range();
}

function thresholdsOf({ thresholds = [] }: Panel): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([
      { value: null, color: 'green' },
      ...thresholds.map(({ from, color }) => ({ value: from, color })),
    ]);
}

/** `$runbook` is a variable of every dashboard: where the runbook is read. */
function runbookLink(anchor: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder('Runbook')
    .type(DashboardLinkType.Link)
    .url(`\${runbook}#${anchor}`)
    .targetBlank(true);
}
