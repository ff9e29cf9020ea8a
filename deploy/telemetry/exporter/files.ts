import { X509Certificate } from 'node:crypto';
import { readFile, statfs } from 'node:fs/promises';
import { withDeadline } from '@zameni/runtime/retry';
import type { Named } from './config.ts';
import { type Collect, type Family, type Figure, measure, type Subject } from './exposition.ts';
import { coalesce } from './metrics-server.ts';

type Disk = { readonly freeBytes: number; readonly sizeBytes: number };

const OF_DISK: readonly Figure<Disk>[] = [
  ['zameni_disk_free_bytes', 'gauge', 'Room that processes may use', (of) => of.freeBytes],
  ['zameni_disk_size_bytes', 'gauge', 'Size of the disk', (of) => of.sizeBytes],
];

const OF_CERTIFICATE: readonly Figure<number>[] = [
  ['zameni_certificate_not_after_seconds', 'gauge', 'End of validity, since 1970', (of) => of],
];

/** Creates the collector of the disks that folders lie on. */
export function createDiskCollector(folders: readonly Named[], deadlineMs: number): Collect {
  return collectEach({ places: folders, label: 'folder', deadlineMs }, OF_DISK, async (path) => {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  });
}

/** Creates the collector of certificates. The first of a chain counts. */
export function createCertificateCollector(files: readonly Named[], deadlineMs: number): Collect {
  const all = { places: files, label: 'file', deadlineMs } as const;
  return collectEach(all, OF_CERTIFICATE, async (path) => {
    const { validToDate } = new X509Certificate(await readFile(path));
    return validToDate.getTime() / 1000;
  });
}

type Places = {
  readonly places: readonly Named[];
  readonly label: 'file' | 'folder';
  readonly deadlineMs: number;
};

/**
 * A place that cannot be read has no figures, and `zameni_exporter_readable` is 0. So it is with a
 * disk that hangs: it hides nothing of the others, and is asked again only after it has answered.
 */
function collectEach<T>(
  { places, label, deadlineMs }: Places,
  figures: readonly Figure<T>[],
  read: (path: string) => Promise<T>,
): Collect {
  const late = () => new Error('the disk does not answer');
  const looks = places.map(({ name, place }) => {
    const look = coalesce(() => read(place));
    return async (): Promise<Subject<T | null>> => {
      const of = await withDeadline(look(), deadlineMs, late).catch(() => null);
      return { of, labels: { [label]: name } };
    };
  });
  return async () => {
    const subjects = await Promise.all(looks.map((look) => look()));
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
