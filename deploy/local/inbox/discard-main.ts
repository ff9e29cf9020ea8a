import { startDiscard } from './discard.ts';
import { runUntilStopped } from './run-until-stopped.ts';

const [port, testPort] = process.argv.slice(2);
await runUntilStopped(await startDiscard({ port: Number(port), testPort: Number(testPort) }));
