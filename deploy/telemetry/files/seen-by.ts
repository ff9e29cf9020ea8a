import { METRICS, toPrometheusName } from '@zameni/runtime/instruments';
import { DASHBOARDS } from '../grafana/all-dashboards.ts';
import { ALERTS } from '../prometheus/all-alerts.ts';
import { NODE_SERIES, SERVER_SERIES } from '../prometheus/server-series.ts';
import { toAnchor } from './anchor.ts';

const COLUMNS = 100;
const MARK = 'Seen by: ';

/** Names of metrics as Prometheus knows them, longest first: one may begin another. */
const NAMES = [
  ...Object.values(METRICS).flatMap((topic) => Object.values(topic).map(toPrometheusName)),
  ...Object.values(SERVER_SERIES),
  ...Object.values(NODE_SERIES),
].toSorted((a, b) => b.length - a.length);

/**
 * Writes below each heading of the runbook which alerts, panels and metrics lead to it. Entries that
 * nothing leads to have no such lines.
 */
export function withSeenBy(runbook: string): string {
  const [head = '', ...entries] = runbook.split(/^(?=## )/m);
  return head + entries.map(markEntry).join('');
}

function markEntry(entry: string): string {
  const [heading = '', ...rest] = entry.split('\n');
  const text = rest.join('\n').replace(/^\n+/, '');
  // The paragraph of the last run is replaced.
  const own = text.startsWith(MARK) ? text.slice(text.indexOf('\n\n') + 2) : text;
  const seenBy = describe(toAnchor(heading.slice('## '.length)));
  return `${heading}\n\n${seenBy === undefined ? '' : `${wrap(seenBy)}\n\n`}${own}`;
}

function describe(anchor: string): string | undefined {
  const alerts = ALERTS.filter(({ runbook }) => runbook === anchor);
  const panels = DASHBOARDS.flatMap(({ key, rows }) =>
    rows
      .flatMap((row) => row.panels)
      .filter(({ runbook }) => runbook === anchor)
      .map((panel) => ({ title: `"${panel.title}" (${key})`, panel })),
  );
  const expressions = [
    ...alerts.map(({ expr }) => expr((seconds) => seconds)),
    ...panels.flatMap(({ panel }) => panel.queries.map(({ expr }) => expr)),
  ];
  const parts = [
    ['alerts', alerts.map(({ name }) => `\`${name}\``)],
    ['panels', panels.map(({ title }) => title)],
    ['metrics', namesIn(expressions).map((name) => `\`${name}\``)],
  ] as const;
  const said = parts.filter(([, names]) => names.length > 0);
  if (said.length === 0) return undefined;
  return `${MARK}${said.map(([kind, names]) => `${kind} ${names.join(', ')}`).join('; ')}.`;
}

/** The metrics of ours and of servers that expressions name. */
export function namesIn(expressions: readonly string[]): string[] {
  const tokens = expressions.flatMap((text) => text.match(/[a-z_:][a-z0-9_:]*/gi) ?? []);
  const names = tokens.flatMap((token) => {
    const plain = token.replace(/_(?:bucket|count|sum)$/, '');
    return NAMES.find((name) => name === token || name === plain) ?? [];
  });
  return [...new Set(names)].toSorted();
}

function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
