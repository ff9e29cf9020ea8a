import type { ServerResponse } from 'node:http';
import { AppError } from '@zameni/runtime';

/** Seconds until a refused client may try again. An import takes longer than other requests. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Limits the number of concurrent imports. Each ends with its response or with its connection. Some
 * responses never close: if the client left before the import began, or if the request is behind
 * another one on its connection.
 */
export function createImportSlots(max: number): (response: ServerResponse) => void {
  let underWay = 0;
  return (response) => {
    const { socket } = response.req;
    if (socket.destroyed) throw new AppError('bad-request');
    if (underWay === max) {
      throw new AppError('overloaded', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    underWay += 1;
    const end = () => {
      response.off('close', end);
      socket.off('close', end);
      underWay -= 1;
    };
    response.once('close', end);
    socket.once('close', end);
  };
}
