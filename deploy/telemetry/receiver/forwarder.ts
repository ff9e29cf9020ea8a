/** A request as it came, compressed or not. */
export type RawRequest = {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
};

/** Where requests are passed on to, and how many may wait. */
export type ForwarderOptions = {
  readonly url: string;
  /** Milliseconds for one request. */
  readonly deadlineMs: number;
  /** Requests beyond these bounds are dropped. */
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  /** Told when passing on begins to fail, not each time. */
  readonly onFault: (fault: unknown) => void;
};

/** Passes requests on, one after the other. */
export type Forwarder = AsyncDisposable & {
  /** Queues a request and returns at once. */
  readonly offer: (request: RawRequest) => void;
  readonly counts: () => { readonly forwarded: number; readonly dropped: number };
};

/**
 * Creates a forwarder. A request that fails is dropped and not sent again: the file has its spans,
 * and a backend that is slow or away must cost no memory.
 */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { url, deadlineMs, maxQueued, maxQueuedBytes, onFault } = options;
  const queue: RawRequest[] = [];
  const stopping = new AbortController();
  let queuedBytes = 0;
  let sending: Promise<void> | undefined;
  let forwarded = 0;
  let dropped = 0;
  let isFailing = false;

  async function work(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      queuedBytes -= next.body.length;
      try {
        await send(next);
        forwarded += 1;
        isFailing = false;
      } catch (fault) {
        dropped += 1;
        if (!isFailing && !stopping.signal.aborted) onFault(fault);
        isFailing = true;
      }
    }
  }

  async function send({ body, headers }: RawRequest): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(deadlineMs), stopping.signal]);
    const answer = await fetch(url, { method: 'POST', body, headers, signal });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  }

  return {
    offer: (request) => {
      const bytes = request.body.length;
      if (queue.length >= maxQueued || queuedBytes + bytes > maxQueuedBytes) {
        dropped += 1;
        return;
      }
      queue.push(request);
      queuedBytes += bytes;
      sending ??= work().finally(() => (sending = undefined));
    },
    counts: () => ({ forwarded, dropped }),
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      queue.length = 0;
      await sending;
    },
  };
}
