import { measureTelemetry } from './measurements/telemetry.ts';
import { printedToken } from './print-token.ts';
import { describeMachine } from './report.ts';
import type { Settings } from './settings.ts';
import { toTelemetryTable } from './telemetry-report.ts';

/** Measures what metrics and traces cost command API and query API. */
export async function runTelemetry({ terminal, connections, ...rest }: Settings): Promise<void> {
  const figures = await measureTelemetry({
    ...rest,
    token: await printedToken(),
    connections: connections.at(-1) ?? 64,
    onFigure: ({ work, way, load, cpuSeconds }) => {
      const rate = (load.requests / load.seconds).toFixed(0).padStart(6);
      const cpu = ((cpuSeconds / Math.max(1, load.requests)) * 1e6).toFixed(1).padStart(6);
      terminal.line(`${work.padEnd(7)} ${way.padEnd(26)} ${rate}/s  ${cpu} µs CPU each`);
    },
  });
  terminal.line(`\n${describeMachine()}\n\n${toTelemetryTable(figures)}`);
}
