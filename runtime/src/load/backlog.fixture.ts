import { parentPort, workerData } from 'node:worker_threads';
import { createSilentLogger } from '../testing/index.ts';
import { createHttpApp, listenHttp } from '../http/app.ts';

// A service that listens and then accepts nothing until the test wakes it.
const gate = new Int32Array(workerData);
const app = createHttpApp({ logger: createSilentLogger(), checks: {}, degradedChecks: {} });
await using _listening = await listenHttp(app, { host: '127.0.0.1', port: 0 });
// A worker's port has no origin.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage(app.server.address());
Atomics.wait(gate, 0, 0);
