import { setTimeout as sleep } from 'node:timers/promises';

/** The share of self time of one function in a CPU profile. */
export type HotFunction = { readonly name: string; readonly where: string; readonly share: number };

const INSPECTOR = 'http://127.0.0.1:9229/json/list';
const repository = new URL('../..', import.meta.url).href;
const OPEN_DEADLINE_MS = 5_000;

/**
 * Profiles a running Node process while `work` runs. SIGUSR1 opens its inspector on loopback.
 * Returns the raw profile and its functions, sorted by self time.
 */
export async function profileProcess(
  pid: number,
  work: () => Promise<void>,
): Promise<{ readonly hot: readonly HotFunction[]; readonly profile: unknown }> {
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await findInspector());
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  const call = createCaller(socket);
  await call('Profiler.enable');
  await call('Profiler.setSamplingInterval', { interval: 200 });
  await call('Profiler.start');
  await work();
  // As the inspector protocol of this Node version defines it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { profile } = (await call('Profiler.stop')) as { profile: CpuProfile };
  socket.close();
  return { hot: toHotFunctions(profile), profile };
}

type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
};

async function findInspector(): Promise<string> {
  const deadlineAt = performance.now() + OPEN_DEADLINE_MS;
  for (;;) {
    const response = await fetch(INSPECTOR).catch(() => undefined);
    const [target] =
      // As the inspector protocol of this Node version defines it.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      response === undefined ? [] : ((await response.json()) as { webSocketDebuggerUrl: string }[]);
    if (target !== undefined) return target.webSocketDebuggerUrl;
    if (performance.now() > deadlineAt) throw new Error('the inspector did not open');
    await sleep(50);
  }
}

function createCaller(socket: WebSocket) {
  let last = 0;
  return (method: string, params: object = {}): Promise<unknown> => {
    last += 1;
    const id = last;
    return new Promise((resolve) => {
      const onMessage = (event: MessageEvent) => {
        // As the inspector protocol of this Node version defines it.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        const answer = JSON.parse(String(event.data)) as { id?: number; result?: unknown };
        if (answer.id !== id) return;
        socket.removeEventListener('message', onMessage);
        resolve(answer.result);
      };
      socket.addEventListener('message', onMessage);
      socket.send(JSON.stringify({ id, method, params }));
    });
  };
}

function toHotFunctions({ nodes, samples }: CpuProfile): HotFunction[] {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const counts = new Map<string, { name: string; where: string; count: number }>();
  let busy = 0;
  for (const sample of samples) {
    const frame = byId.get(sample);
    if (frame === undefined || frame.functionName === '(idle)') continue;
    busy += 1;
    const file = frame.url.replace(/^.*\/node_modules\//, '').replace(repository, '');
    const where = `${file}:${frame.lineNumber + 1}`;
    const key = `${frame.functionName} ${where}`;
    const entry = counts.get(key) ?? { name: frame.functionName || '(anonymous)', where, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  return [...counts.values()]
    .toSorted((a, b) => b.count - a.count)
    .map(({ name, where, count }) => ({ name, where, share: count / busy }));
}
