import { X509Certificate } from 'node:crypto';
import { readFile, statfs } from 'node:fs/promises';
import type { Named } from './config.ts';
import { type Collect, type Family, type Figure, measure, type Subject } from './exposition.ts';

type Disk = { readonly freeBytes: number; readonly sizeBytes: number };

const OF_DISK: readonly Figure<Disk>[] = [
  ['zameni_disk_free_bytes', 'gauge', 'Room that processes may use', (of) => of.freeBytes],
  ['zameni_disk_size_bytes', 'gauge', 'Size of the disk', (of) => of.sizeBytes],
];

const OF_CERTIFICATE: readonly Figure<number>[] = [
  ['zameni_certificate_not_after_seconds', 'gauge', 'End of validity, since 1970', (of) => of],
];

/** Creates the collector of the disks that folders lie on. */
export function createDiskCollector(folders: readonly Named[]): Collect {
  return collectEach(folders, 'folder', OF_DISK, async (path) => {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  });
}

/** Creates the collector of certificates. The first of a chain counts. */
export function createCertificateCollector(files: readonly Named[]): Collect {
  return collectEach(files, 'file', OF_CERTIFICATE, async (path) => {
    const { validToDate } = new X509Certificate(await readFile(path));
    return validToDate.getTime() / 1000;
  });
}

/** A place that cannot be read has no figures, and `zameni_exporter_readable` is 0. */
function collectEach<T>(
  places: readonly Named[],
  label: 'file' | 'folder',
  figures: readonly Figure<T>[],
  read: (path: string) => Promise<T>,
): Collect {
  return async () => {
    const subjects = await Promise.all(
      places.map(async ({ name, place }): Promise<Subject<T | null>> => {
        const of = await read(place).catch(() => null);
        return { of, labels: { [label]: name } };
      }),
    );
    return [readable(subjects), ...measure(figures, subjects.filter(hasFigures))];
  };
}

function readable(subjects: readonly Subject<unknown>[]): Family {
  return {
    name: 'zameni_exporter_readable',
    type: 'gauge',
    help: 'Whether the folder or the file could be read',
    samples: subjects.map(({ of, labels }) => ({ labels, value: of === null ? 0 : 1 })),
  };
}

function hasFigures<T>(subject: Subject<T | null>): subject is Subject<T> {
  return subject.of !== null;
}
