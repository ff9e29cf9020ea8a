import { waitUntil } from '@zameni/runtime/testing';
import type { Chromium } from './chromium.ts';

/** How a page is looked at. */
export type PageOptions = {
  readonly width?: number;
  readonly height?: number;
  readonly isDark?: boolean;
  /** What the browser says about its languages. */
  readonly languages?: string;
};

/** A request that a page sent. */
export type PageRequest = { readonly method: string; readonly url: string; readonly body?: string };

/** A page in a browser, without cookies or storage of others. */
export type Page = AsyncDisposable & {
  readonly open: (url: string) => Promise<void>;
  /** The value of an expression of JavaScript in the page. */
  readonly evaluate: (expression: string) => Promise<unknown>;
  /** Waits until an element with a text is shown. */
  readonly shows: (text: string) => Promise<void>;
  /** Clicks the middle of an element. */
  readonly click: (selector: string) => Promise<void>;
  /** Replaces the text of a field, key by key. */
  readonly write: (selector: string, text: string) => Promise<void>;
  readonly press: (key: 'Enter' | 'Tab' | ' ') => Promise<void>;
  readonly setOffline: (isOffline: boolean) => Promise<void>;
  readonly screenshot: () => Promise<Buffer>;
  /** The requests so far, without those of data URLs. */
  readonly requests: readonly PageRequest[];
  /** What the browser reported: uncaught errors, and everything that the policy stopped. */
  readonly faults: readonly string[];
};

/** Opens an empty page. */
export async function openPage(
  { devTools }: Chromium,
  { width = 1_024, height = 768, isDark = false, languages = 'en' }: PageOptions = {},
): Promise<Page> {
  const context = read(await devTools.send('Target.createBrowserContext'), 'browserContextId');
  const target = { url: 'about:blank', browserContextId: context };
  const targetId = read(await devTools.send('Target.createTarget', target), 'targetId');
  const attached = await devTools.send('Target.attachToTarget', { targetId, flatten: true });
  const session = String(read(attached, 'sessionId'));
  const send = (method: string, params: object = {}) => devTools.send(method, params, session);
  const requests: PageRequest[] = [];
  const faults: string[] = [];
  devTools.listen(session, ({ method, params }) => {
    if (method === 'Network.requestWillBeSent') {
      const request = read(params, 'request');
      const body = read(request, 'postData');
      const sent = { method: String(read(request, 'method')), url: String(read(request, 'url')) };
      if (!sent.url.startsWith('data:')) {
        requests.push(typeof body === 'string' ? { ...sent, body } : sent);
      }
    }
    if (method === 'Runtime.exceptionThrown') faults.push(JSON.stringify(params));
    if (method === 'Log.entryAdded') {
      const entry = read(params, 'entry');
      // A problem document is an answer, which the page shows.
      if (read(entry, 'source') !== 'network') faults.push(JSON.stringify(entry));
    }
  });
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await send(`${domain}.enable`);
  const isMobile = width < 600;
  const metrics = { width, height, deviceScaleFactor: isMobile ? 2 : 1, mobile: isMobile };
  await send('Emulation.setDeviceMetricsOverride', metrics);
  const scheme = { name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' };
  await send('Emulation.setEmulatedMedia', { features: [scheme] });
  const userAgent = String(read(await devTools.send('Browser.getVersion'), 'userAgent'));
  await send('Emulation.setUserAgentOverride', { userAgent, acceptLanguage: languages });

  async function evaluate(expression: string): Promise<unknown> {
    const options = { expression, returnByValue: true, awaitPromise: true };
    const answer = await send('Runtime.evaluate', options);
    const exception = read(answer, 'exceptionDetails');
    if (exception !== undefined) throw new Error(JSON.stringify(exception));
    return read(read(answer, 'result'), 'value');
  }

  async function click(selector: string): Promise<void> {
    const found = await evaluate(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element?.scrollIntoView({ block: 'center' });
      const box = element?.getBoundingClientRect();
      return box && { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    })()`);
    if (found === undefined) throw new Error(`the page has no ${selector}`);
    const at = { x: read(found, 'x'), y: read(found, 'y'), button: 'left', clickCount: 1 };
    await send('Input.dispatchMouseEvent', { type: 'mousePressed', ...at });
    await send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...at });
  }

  async function press(key: 'Enter' | 'Tab' | ' '): Promise<void> {
    const code = { Enter: 13, Tab: 9, ' ': 32 }[key];
    const text = { Enter: '\r', Tab: '', ' ': ' ' }[key];
    const event = { key, windowsVirtualKeyCode: code };
    await send('Input.dispatchKeyEvent', { type: 'keyDown', ...event, text });
    await send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  return {
    requests,
    faults,
    evaluate,
    click,
    press,
    open: async (url) => void (await send('Page.navigate', { url })),
    shows: async (text) => {
      const isShown = `document.body?.innerText.includes(${JSON.stringify(text)}) === true`;
      await waitUntil(async () => (await evaluate(isShown)) === true, 15_000).catch(async () => {
        throw new Error(`not “${text}” but: ${String(await evaluate('document.body?.innerText'))}`);
      });
    },
    write: async (selector, text) => {
      await click(selector);
      await evaluate(`document.querySelector(${JSON.stringify(selector)}).select()`);
      await send('Input.insertText', { text });
    },
    setOffline: async (offline) => {
      const unbound = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
      await send('Network.emulateNetworkConditions', { offline, ...unbound });
    },
    screenshot: async () => {
      const options = { format: 'png', captureBeyondViewport: true };
      const answer = await send('Page.captureScreenshot', options);
      return Buffer.from(String(read(answer, 'data')), 'base64');
    },
    [Symbol.asyncDispose]: async () => {
      await devTools.send('Target.disposeBrowserContext', { browserContextId: context });
    },
  };
}

/** A field of a message of the protocol. */
function read(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null ? Reflect.get(from, name) : undefined;
}
