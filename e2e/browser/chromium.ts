import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PATIENCE_MS } from '@zameni/runtime/testing';
import { connectDevTools, type DevTools } from './devtools.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Finds a Chromium on this machine: CHROMIUM, the path, or the browsers of Playwright. */
export function findChromium(env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter);
  const inPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const candidates = [env['CHROMIUM'] ?? '', ...inPath, ...ofPlaywright()];
  return candidates.find((path) => path !== '' && existsSync(path));
}

function ofPlaywright(): string[] {
  const folder = join(homedir(), '.cache', 'ms-playwright');
  const found = existsSync(folder) ? readdirSync(folder) : [];
  return found
    .filter((name) => name.startsWith('chromium-'))
    .map((name) => join(folder, name, 'chrome-linux', 'chrome'));
}

/** A running browser without windows. Disposing ends it and removes its profile. */
export type Chromium = AsyncDisposable & { readonly devTools: DevTools };

/** Starts a browser with a profile of its own. */
export async function startChromium(path: string): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'zameni-chromium-'));
  const child = spawn(
    path,
    [
      '--headless=new',
      // Containers and root have no sandbox of Chromium.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--no-proxy-server',
      '--disable-background-networking',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const end = async () => {
    await kill(child);
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    const devTools = await connectDevTools(await readAddress(child));
    return {
      devTools,
      [Symbol.asyncDispose]: async () => {
        devTools[Symbol.dispose]();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Chromium prints the address of its protocol to stderr. */
async function readAddress({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error('chromium has no stderr');
  const timer = setTimeout(() => stderr.destroy(), PATIENCE_MS);
  try {
    let text = '';
    for await (const chunk of stderr.iterator({ destroyOnReturn: false })) {
      text += String(chunk);
      const address = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
      if (address !== undefined) return address;
    }
    throw new Error(`chromium did not start: ${text.slice(-1_000)}`);
  } finally {
    clearTimeout(timer);
    // A full pipe would stop the browser.
    stderr.resume();
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGKILL');
  await exited;
}
