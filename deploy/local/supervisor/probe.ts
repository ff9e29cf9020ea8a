import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { StackError } from '../output/stack-error.ts';

const ATTEMPT_TIMEOUT_MS = 2_000;
const FIRST_PAUSE_MS = 30;
const LONGEST_PAUSE_MS = 250;

/** Checks once whether something is ready. Throws the reason if it is not. */
export type Probe = (signal: AbortSignal) => Promise<void>;

/** The name of what must become ready, and the deadline. */
export type WaitOptions = {
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
};

/** Repeats a probe until it succeeds. Throws a StackError with the last reason at the deadline. */
export async function waitUntilReady(probe: Probe, options: WaitOptions): Promise<void> {
  const { what, deadlineMs, signal } = options;
  const startedAt = performance.now();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    const attempt = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
    const reason = await probe(attempt).then(
      () => null,
      (fault: unknown) => (fault instanceof Error ? fault.message : String(fault)),
    );
    if (reason === null) return;
    if (performance.now() - startedAt > deadlineMs) {
      throw new StackError(`${what} was not ready within ${deadlineMs / 1000} s: ${reason}`);
    }
    await delay(pauseMs, undefined, { signal });
  }
}

/** Succeeds if a server accepts connections on the port of 127.0.0.1. */
export function tcpProbe(port: number): Probe {
  return async (signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ host: '127.0.0.1', port, signal });
    socket.once('connect', resolve);
    socket.once('error', reject);
    await promise.finally(() => socket.destroy());
  };
}

/** Succeeds if a GET of the URL answers 200. */
export function httpProbe(url: string): Probe {
  return async (signal) => {
    const response = await fetch(url, { signal });
    const body = await response.text();
    if (response.status !== 200)
      throw new Error(`${url} answers ${response.status}: ${body.slice(0, 300)}`);
  };
}

/**
 * Succeeds if the server answers a client's startup packet with an authentication request (`R`). A
 * server that is still starting answers with an error (`E`).
 */
export function postgresProbe(port: number): Probe {
  return dialogueProbe(port, startupPacket('postgres', 'postgres'), /^R/);
}

/** Succeeds if a TCP server answers a request with the expected text, as Redis does to PING. */
export function dialogueProbe(port: number, request: string | Buffer, answer: RegExp): Probe {
  return async (signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ host: '127.0.0.1', port, signal }).setEncoding('utf8');
    let received = '';
    socket.on('data', (text: string) => {
      received += text;
      if (answer.test(received)) resolve();
    });
    socket.once('connect', () => socket.write(request));
    socket.once('error', reject);
    socket.once('close', () =>
      reject(new Error(`port ${port} answers ${JSON.stringify(received)}`)),
    );
    await promise.finally(() => socket.destroy());
  };
}

/** The first message of a Postgres client: length, protocol 3.0, user and database. */
function startupPacket(user: string, database: string): Buffer {
  const fields = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + fields.length, 0);
  head.writeInt32BE(196_608, 4);
  return Buffer.concat([head, fields]);
}
