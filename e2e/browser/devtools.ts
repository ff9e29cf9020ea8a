import { PATIENCE_MS } from '@zameni/runtime/testing';
/** A message of the protocol: the result of a command, or an event of a session. */
type Incoming = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
};

/** An event of a session. */
export type DevToolsEvent = { readonly method: string; readonly params: unknown };

/** The connection to a browser by the Chrome DevTools Protocol. */
export type DevTools = Disposable & {
  /** Sends a command, to a session or to the browser, and returns its result. */
  readonly send: (method: string, params?: object, sessionId?: string) => Promise<unknown>;
  /** Calls a function with each event of a session. */
  readonly listen: (sessionId: string, listener: (event: DevToolsEvent) => void) => void;
};

/** Connects to a browser. */
export async function connectDevTools(address: string): Promise<DevTools> {
  const socket = new WebSocket(address);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const listeners = new Map<string, (event: DevToolsEvent) => void>();
  let lastId = 0;
  const fail = () => {
    for (const { reject } of waiting.values()) reject(new Error('the browser has gone'));
    waiting.clear();
  };
  socket.addEventListener('close', fail);
  socket.addEventListener('message', ({ data }) => {
    // The protocol defines the form of its messages.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const { id, method, params, result, error, sessionId } = JSON.parse(String(data)) as Incoming;
    if (id === undefined) {
      if (method !== undefined) listeners.get(sessionId ?? '')?.({ method, params });
      return;
    }
    const answer = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) answer?.resolve(result);
    else answer?.reject(new Error(error.message));
  });
  await opened(socket);
  return {
    send: async (method, params = {}, sessionId) => {
      lastId += 1;
      const id = lastId;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      socket.send(
        JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }),
      );
      const timer = setTimeout(
        () => answer.reject(new Error(`${method} has no answer`)),
        PATIENCE_MS,
      );
      try {
        return await answer.promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
    listen: (sessionId, listener) => void listeners.set(sessionId, listener),
    [Symbol.dispose]: () => socket.close(),
  };
}

async function opened(socket: WebSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.addEventListener('open', () => resolve(), { once: true });
  socket.addEventListener('error', () => reject(new Error('no connection to the browser')), {
    once: true,
  });
  await promise;
}
