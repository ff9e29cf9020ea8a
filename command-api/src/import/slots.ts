import type { ServerResponse } from 'node:http';
import { AppError } from '@zameni/runtime';

/** Seconds after which it makes sense to ask whether an import has ended. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Lets so many imports begin; each ends with its response, or with its connection: the response of
 * who left before it began, or of a request behind another one on its connection, never closes.
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
