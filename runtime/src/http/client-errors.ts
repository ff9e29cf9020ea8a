import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE } from '@zameni/contracts';
import { AppError } from '../errors.ts';
import type { CountProblem } from './observe-requests.ts';
import { toProblem } from './problem.ts';

/** Milliseconds a client has to send a whole request. The gateway has its own for the head. */
export const REQUEST_DEADLINE_MS = 10_000;

/** Deadlines for slow clients, also for clients that bypass the gateway. */
export const SLOW_CLIENT_OPTIONS = {
  headersTimeout: 5_000,
  // Node's default is 30 s.
  connectionsCheckingInterval: 500,
} as const satisfies ServerOptions;

/** Milliseconds a client has to read the answer. Then its socket is destroyed. */
const LINGER_MS = 1_000;

/** Connections that currently receive a request for a route with a deadline of its own. */
const withOwnDeadline = new WeakSet<Socket>();

/**
 * Exempts a request from the server's deadline for whole requests, for a route that takes long
 * uploads and bounds them itself. The exemption ends with the response: the next request on the
 * connection has the usual deadline.
 */
export function keepOwnDeadline({ socket }: IncomingMessage, response: ServerResponse): void {
  withOwnDeadline.add(socket);
  response.once('close', () => withOwnDeadline.delete(socket));
}

/** Answers a request that Node cannot parse, or that is late, with a problem document. */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  countProblem: CountProblem,
): void {
  // An ended socket was answered already; these are further bytes of the same client.
  if (socket.destroyed || socket.writableEnded) return;
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  // Node reports each late request once, so this skips the deadline for good.
  if (isLate && withOwnDeadline.has(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswerOwed(socket)) {
    return void socket.destroy();
  }
  // If destroyed at once, unread bytes make the kernel reset the connection before the answer.
  socket.setTimeout(LINGER_MS, () => socket.destroy());
  const code = isLate ? 'request-timeout' : 'bad-request';
  countProblem(code);
  socket.end(toHttpMessage(new AppError(code)));
}

/**
 * True while the answer to an earlier request of this connection is pending. The client would take
 * an error written now for the answer to that request, whose outcome is not known here.
 */
function isAnswerOwed(socket: Socket): boolean {
  const response: unknown = Reflect.get(socket, '_httpMessage');
  return response instanceof ServerResponse && (response.headersSent || response.req.complete);
}

function toHttpMessage(error: AppError): string {
  // Without a request there is no trace. The id only tells such answers apart: nothing else names it.
  const problem = toProblem(error, randomBytes(16).toString('hex'));
  const body = JSON.stringify(problem);
  return [
    problem.status === 408 ? 'HTTP/1.1 408 Request Timeout' : 'HTTP/1.1 400 Bad Request',
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `Date: ${new Date().toUTCString()}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
