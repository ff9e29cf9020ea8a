import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE } from '@zameni/contracts';
import { AppError } from '../errors.ts';
import { toProblem } from './problem.ts';

/** Milliseconds a client has to send a whole request; the gateway has its own for the head. */
export const REQUEST_DEADLINE_MS = 10_000;

/** Deadlines by which slow clients are cut, also when no gateway stands in front. */
export const SLOW_CLIENT_OPTIONS = {
  headersTimeout: 5_000,
  // By default Node looks only every 30 s.
  connectionsCheckingInterval: 500,
} as const satisfies ServerOptions;

/** Milliseconds a client has to read the answer before its socket is destroyed. */
const LINGER_MS = 1_000;

/** Connections whose request is still being taken in by a route that bounds its time itself. */
const withOwnDeadline = new WeakSet<Socket>();

/**
 * Exempts a request from the server's deadline for whole requests: its route takes long uploads and
 * bounds them itself. It ends with the response, so the connection's next request has the usual one.
 */
export function keepOwnDeadline({ socket }: IncomingMessage, response: ServerResponse): void {
  withOwnDeadline.add(socket);
  response.once('close', () => withOwnDeadline.delete(socket));
}

/** Answers what Node's parser cannot read, or what came too late, with a problem document. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  // Ended: this is what still arrives behind the fault that was answered.
  if (socket.destroyed || socket.writableEnded) return;
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  // Node looks at each request once: it is not told of again.
  if (isLate && withOwnDeadline.has(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswerOwed(socket)) {
    return void socket.destroy();
  }
  // Destroyed at once, unread bytes would make the kernel reset the connection under the answer.
  socket.setTimeout(LINGER_MS, () => socket.destroy());
  socket.end(toHttpMessage(new AppError(isLate ? 'request-timeout' : 'bad-request')));
}

/**
 * Whether an answer to an earlier request of this connection is under way: another one written now
 * would be taken for it, and what became of that request is not known here.
 */
function isAnswerOwed(socket: Socket): boolean {
  const response: unknown = Reflect.get(socket, '_httpMessage');
  return response instanceof ServerResponse && (response.headersSent || response.req.complete);
}

function toHttpMessage(error: AppError): string {
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
