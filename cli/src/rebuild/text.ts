import { READ_MODELS, type ReadModelsVersion, type TableComparison } from '@zameni/contracts';
import { alignColumns, paint, type Screen, toPrintable } from '../framework/io.ts';
import type { RebuildReport } from './reports.ts';

/** What a command about versions did. */
type Report = {
  readonly outcome: RebuildReport['outcome'];
  readonly versions: readonly ReadModelsVersion[];
};

/** Formats what a command about versions did, and what an operator can do next. */
export function toText({ outcome, versions }: Report, screen: Screen): string {
  const numbers = versions.map(({ version }) => version).join(', ');
  switch (outcome) {
    case 'switched':
      return versions.map((version) => toSwitched(version, screen)).join('');
    case 'differs':
      return versions.map((version) => toDifferences(version, screen)).join('');
    case 'requested':
      return `Version ${numbers} is being built: npx zameni rebuild watches it.\n`;
    case 'not-done':
      return `Version ${numbers} is still being built. It goes on: npx zameni rebuild watches it.\n`;
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
  return toLines([
    `${paint(screen, 'green', 'done')} Readers see version ${version.version} of the read models.`,
    ...toCompared(version, screen),
    ...toCarried(version),
    'The version before is kept: --back returns to it, --drop-old deletes it.',
  ]);
}

function toDifferences(version: ReadModelsVersion, screen: Screen): string {
  const tables = version.comparison?.tables ?? [];
  return toLines([
    `${paint(screen, 'yellow', 'differs')} Version ${version.version} is not the same as the live version.`,
    ...toCompared(version, screen),
    ...tables.flatMap(toExplanation),
    ...toCarried(version),
    'If the changed code explains this: npx zameni rebuild --accept REASON',
    'If not: npx zameni rebuild --cancel',
  ]);
}

/** What was copied instead of made from the log. */
function toCarried({ carriedPosition, selected }: ReadModelsVersion): string[] {
  if (carriedPosition === null || carriedPosition === 0) return [];
  const copied: string[] = READ_MODELS.filter((name) => !selected.includes(name));
  if (!copied.includes('registration_stats')) {
    copied.push('counts of accepted registrations, as attempts do not stay in the log');
  }
  return toList(`Copied from the live version, up to position ${carriedPosition}:`, copied);
}

function toCompared({ comparison }: ReadModelsVersion, screen: Screen): string[] {
  if (comparison === null) return [];
  const header = ['table', 'rows', 'only live', 'only new', 'other values'];
  const rows = comparison.tables.map((table) => [
    toPrintable(table.table),
    ...[table.rows, table.onlyLive, table.onlyNew, table.differing].map(String),
  ]);
  const [first = '', ...lines] = alignColumns([header, ...rows]);
  return [paint(screen, 'dim', first), ...lines];
}

/** One line for each column and each example, because names and keys may be long. */
function toExplanation(table: TableComparison): string[] {
  const name = toPrintable(table.table);
  const columns = Object.entries(table.columns).map(
    ([column, count]) => `${toPrintable(column)} in ${count}`,
  );
  return [
    ...toList(`${name}: columns of one version`, table.newColumns.map(toPrintable)),
    ...toList(`${name}: other values`, columns),
    ...toList(`${name}: for example`, table.examples.map(toPrintable)),
  ];
}

function toList(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [title, ...items.map((item) => `  ${item}`)];
}

function toLines(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
