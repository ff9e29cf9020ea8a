import type { ReadModelsVersion, TableComparison } from '@zameni/contracts';
import { alignColumns, paint, type Screen, toPrintable } from '../framework/io.ts';
import type { RebuildReport } from './reports.ts';

/** Formats what a command about versions did, and what an operator can do next. */
export function toText({ outcome, versions }: RebuildReport, screen: Screen): string {
  const numbers = versions.map(({ version }) => version).join(', ');
  const [version] = versions;
  switch (outcome) {
    case 'switched':
      return version === undefined ? '' : `${toSwitched(version, screen)}\n`;
    case 'differs':
      return version === undefined ? '' : toDifferences(version, screen);
    case 'went-back':
      return `Readers see version ${numbers} again.\n`;
    case 'cancelled':
      return `The rebuild of version ${numbers} is cancelled.\n`;
    case 'dropped':
      return versions.length === 0 ? 'No version is kept.\n' : `Dropped: version ${numbers}.\n`;
    default:
      return outcome satisfies never;
  }
}

function toSwitched(version: ReadModelsVersion, screen: Screen): string {
  return [
    `${paint(screen, 'green', 'done')} Readers see version ${version.version} of the read models.`,
    ...toCompared(version, screen),
    ...toCarried(version),
    'The version before is kept and followed: --back returns to it, --drop-old deletes it.',
  ].join('\n');
}

/** What was not made from the log. */
function toCarried({ carriedPosition, selected }: ReadModelsVersion): string[] {
  if (carriedPosition === null || carriedPosition === 0) return [];
  const filled = selected.join(', ');
  return [
    `Filled from the log: ${filled}. Up to position ${carriedPosition} the rest was copied from`,
    'the live version, and always the counts of accepted registrations: attempts do not',
    'stay in the log.',
  ];
}

function toDifferences(version: ReadModelsVersion, screen: Screen): string {
  const tables = version.comparison?.tables ?? [];
  const lines = [
    `${paint(screen, 'yellow', 'differs')} Version ${version.version} is filled, and differs from the live version.`,
    ...toCompared(version, screen),
    ...tables.flatMap(toExplanation),
    'If the changed code explains this: npx zameni rebuild --accept REASON',
    'If not: npx zameni rebuild --cancel',
  ];
  return `${lines.join('\n')}\n`;
}

function toCompared({ comparison }: ReadModelsVersion, screen: Screen): string[] {
  const header = ['table', 'rows', 'only live', 'only new', 'other values'];
  const rows = (comparison?.tables ?? []).map((table) => [
    toPrintable(table.table),
    ...[table.rows, table.onlyLive, table.onlyNew, table.differing].map(String),
  ]);
  const [first = '', ...lines] = alignColumns([header, ...rows]);
  return [paint(screen, 'dim', first), ...lines];
}

function toExplanation(table: TableComparison): string[] {
  const { columns, newColumns, examples } = table;
  const name = toPrintable(table.table);
  const changed = Object.entries(columns).map(([column, count]) => `${column} in ${count}`);
  return [
    ...(newColumns.length === 0
      ? []
      : [`${name}: columns of one version: ${newColumns.join(', ')}`]),
    ...(changed.length === 0 ? [] : [`${name}: other values: ${changed.join(', ')}`]),
    ...(examples.length === 0 ? [] : [`${name}: for example`]),
    ...examples.map((key) => `  ${toPrintable(key)}`),
  ];
}
