export default {
  files: ['**/*.test.ts', '!**/node_modules/**'],
  extensions: ['ts'],
  concurrency: 3,
  timeout: '120s',
  workerThreads: false,
  require: ['./deploy/local/test/time-file.ts'],
};
