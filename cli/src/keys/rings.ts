import type { Stack } from '@zameni/runtime/stack';
import { secretFiles } from '../../../deploy/local/secrets/files.ts';

type Service = Stack['services'][number]['service'];

/** A key ring: the purpose of its keys, its file, and the services whose processes hold it. */
export type RingSpec = {
  readonly purpose: string;
  readonly path: (stack: Stack) => string;
  readonly services: readonly Service[];
};

/** Every key ring, by the name under which processes report it. */
export const RINGS = {
  kek: {
    purpose: "wraps people's data keys",
    path: ({ keys }) => keys.kekFile,
    services: ['command-api', 'projector', 'mailer'],
  },
  verification: {
    purpose: 'signs verification links',
    path: ({ folders }) => secretFiles(folders.secrets).verificationKey,
    services: ['command-api', 'mailer'],
  },
  position: {
    purpose: 'seals positions',
    path: ({ keys }) => keys.positionKeyFile,
    services: ['command-api', 'query-api', 'mailer'],
  },
  registration: {
    purpose: 'checks ids of registrations',
    path: ({ folders }) => secretFiles(folders.secrets).registrationIdKey,
    services: ['command-api', 'query-api'],
  },
  pepper: {
    purpose: 'digests addresses',
    path: ({ keys }) => keys.pepperFile,
    services: ['command-api', 'projector', 'mailer'],
  },
  attempt: {
    purpose: 'seals attempts, a key a day',
    path: ({ folders }) => secretFiles(folders.secrets).attemptKeys,
    services: ['command-api', 'mailer'],
  },
} as const satisfies Record<string, RingSpec>;

/** The name of a key ring. */
export type RingName = keyof typeof RINGS;

/** The name of a ring that is rotated. `zameni keys tend` maintains that of attempts instead. */
export type RotatedRing = Exclude<RingName, 'attempt'>;
