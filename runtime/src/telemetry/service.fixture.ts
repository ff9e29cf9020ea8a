import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { ExecutionContext } from 'ava';
import { waitUntil } from '../testing/wait.ts';

const program = join(import.meta.dirname, 'observed.fixture.ts');

/** The small service of `observed.fixture.ts` as a process. */
export async function startObserved(t: ExecutionContext, variables: Record<string, string>) {
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env['PATH'], ZAMENI_INSTANCE: 'fixture-1', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const faults = text(child.stderr);
  const ended = once(child, 'close');
  const port = () => lines.find((line) => line.startsWith('listening '))?.split(' ')[1];
  await waitUntil(() => port() !== undefined || child.exitCode !== null);
  const url = `http://127.0.0.1:${port()}`;
  return {
    url,
    lines,
    /** Sends a registration, with the trace context of a caller if there is one. */
    register: (traceparent?: string) =>
      fetch(`${url}/v1/registrations/11111111`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(traceparent === undefined ? {} : { traceparent }),
        },
        body: JSON.stringify({ email: 'vera@example.org' }),
      }),
    metrics: async () => {
      const response = await fetch(`${url}/metrics`);
      return response.status === 200 ? response.text() : response.status;
    },
    end: async () => {
      child.kill('SIGTERM');
      const [code]: unknown[] = await ended;
      return { code, faults: await faults };
    },
  };
}
