import { parseArgs } from 'node:util';
import { runUntilStopped } from '../../local/inbox/run-until-stopped.ts';
import { startReceiver } from './receiver.ts';

// Traces are for their owner only.
process.umask(0o077);
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4318' },
    folder: { type: 'string', default: '.' },
    forward: { type: 'string' },
  },
});
await runUntilStopped(
  await startReceiver({
    port: Number(values.port),
    folder: values.folder,
    forwardTo: values.forward,
    onFault: (fault) => process.stderr.write(`${String(fault)}\n`),
  }),
);
