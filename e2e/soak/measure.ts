import { readdir } from 'node:fs/promises';
import { waitUntil } from '@zameni/runtime/testing';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { connectDevTools } from '../browser/devtools.ts';

/** What a process of a service holds at one moment. */
export type Held = {
  /** Bytes of the heap after a collection of garbage. */
  readonly heapBytes: number;
  /** Open files and sockets. */
  readonly handles: number;
  readonly timers: number;
};

/** The port that Node's debugger listens on after SIGUSR1. One process at a time has it. */
const DEBUGGER = 'http://127.0.0.1:9229/json/list';
const DEBUGGER_DEADLINE_MS = 10_000;

/** Runs in the service. It frees the port for the next one once the answer is sent. */
const ASK = `(() => {
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  setTimeout(() => process.getBuiltinModule('inspector').close(), 50).unref();
  return JSON.stringify({ pid: process.pid, timers, heapBytes: process.memoryUsage().heapUsed });
})()`;

const Targets = Type.Array(Type.Object({ webSocketDebuggerUrl: Type.String() }), { minItems: 1 });
const Evaluated = Type.Object({ result: Type.Object({ value: Type.String() }) });
const Answer = Type.Object({
  pid: Type.Integer(),
  timers: Type.Integer(),
  heapBytes: Type.Integer(),
});

/**
 * Measures a process from outside: nothing of it is built into the services. Its debugger collects
 * the garbage, so that what is left is held.
 */
export async function measure(pid: number): Promise<Held> {
  const { timers, heapBytes } = await askDebugger(pid);
  return {
    heapBytes,
    timers,
    handles: (await readdir(`/proc/${pid}/fd`)).length,
  };
}

async function askDebugger(pid: number): Promise<Static<typeof Answer>> {
  await waitUntil(async () => (await findTarget()) === undefined, DEBUGGER_DEADLINE_MS);
  process.kill(pid, 'SIGUSR1');
  let address: string | undefined;
  await waitUntil(async () => {
    address = await findTarget();
    return address !== undefined;
  }, DEBUGGER_DEADLINE_MS);
  using tools = await connectDevTools(address ?? '');
  // Twice: the first one runs finalizers, whose garbage the second one collects.
  await tools.send('HeapProfiler.collectGarbage');
  await tools.send('HeapProfiler.collectGarbage');
  const evaluated = await tools.send('Runtime.evaluate', { expression: ASK, returnByValue: true });
  const answer: unknown = Value.Check(Evaluated, evaluated)
    ? JSON.parse(evaluated.result.value)
    : undefined;
  if (!Value.Check(Answer, answer)) throw new Error('the debugger gave no measurement');
  if (answer.pid !== pid) throw new Error('the debugger of another process answered');
  return answer;
}

async function findTarget(): Promise<string | undefined> {
  try {
    const targets: unknown = await (await fetch(DEBUGGER)).json();
    return Value.Check(Targets, targets) ? targets[0]?.webSocketDebuggerUrl : undefined;
  } catch {
    // Nobody listens.
    return undefined;
  }
}
