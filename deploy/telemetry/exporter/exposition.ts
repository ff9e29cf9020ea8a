/** One value of a series. */
export type Sample = {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** All series of one name. */
export type Family = {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
};

/** A series that every subject of one kind has, and where its value is. */
export type Figure<T> = readonly [
  name: string,
  type: Family['type'],
  help: string,
  read: (subject: T) => number | undefined,
];

/** Something with figures, and its labels. */
export type Subject<T> = { readonly of: T; readonly labels: Sample['labels'] };

/** Reads the current values of one source. It reports a fault of the source as a value. */
export type Collect = () => Promise<readonly Family[]>;

/** The type of the answer of `renderFamilies`. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Reads the figures of each subject. */
export function measure<T>(
  figures: readonly Figure<T>[],
  subjects: readonly Subject<T>[],
): Family[] {
  return figures.map(([name, type, help, read]) => ({
    name,
    type,
    help,
    samples: subjects.flatMap(({ of, labels }) => {
      const value = read(of);
      return value === undefined ? [] : [{ labels, value }];
    }),
  }));
}

/** Writes series in Prometheus' text format. A name stands once, even if several sources have it. */
export function renderFamilies(families: readonly Family[]): string {
  return [...Map.groupBy(families, ({ name }) => name).values()]
    .flatMap((parts) => {
      const lines = parts.flatMap(({ name, samples }) =>
        samples.map(({ labels, value }) => `${name}${renderLabels(labels)} ${value}\n`),
      );
      const [first] = parts;
      if (first === undefined || lines.length === 0) return [];
      const { name, type, help } = first;
      return [`# HELP ${name} ${escape(help)}\n# TYPE ${name} ${type}\n`, ...lines];
    })
    .join('');
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escape(value).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
