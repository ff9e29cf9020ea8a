import { relative } from 'node:path';
import { compareFiles } from './deploy/local/test/phases.ts';

const toPath = (file) => relative(import.meta.dirname, file);

export default {
  files: ['**/*.test.ts', '!**/node_modules/**'],
  extensions: ['ts'],
  concurrency: 3,
  timeout: '120s',
  workerThreads: false,
  require: ['./deploy/local/test/time-file.ts'],
  sortTestFiles: (one, other) => compareFiles(toPath(one), toPath(other)),
  // With it, files that failed would come before files whose order matters.
  cache: false,
};
