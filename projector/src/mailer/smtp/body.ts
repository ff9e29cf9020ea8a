import { Readable } from 'node:stream';
import { SmtpFault } from './outcome.ts';

/** Bytes that are handed to the socket at once. */
const CHUNK_BYTES = 16 * 1024;

/** What happens to a body. */
export type BodyEvents = {
  /** The server asks for the data. Returns false to send none of it. */
  readonly onBegin: () => boolean;
  /** All of it is handed over. What follows in the same instant is the final dot. */
  readonly onEnd: () => void;
};

/**
 * Makes a stream of a mail that tells how far it has come. A server that stops reading a long mail
 * also stops the stream, so that the final dot is known to be unsent.
 */
export function createBody(mail: Buffer, { onBegin, onEnd }: BodyEvents): Readable {
  let sent = 0;
  const body = new Readable({
    highWaterMark: CHUNK_BYTES,
    read() {
      if (sent === 0 && !onBegin()) {
        this.destroy(new SmtpFault('protocol'));
        return;
      }
      const chunk = mail.subarray(sent, sent + CHUNK_BYTES);
      sent += chunk.length;
      this.push(chunk.length === 0 ? null : chunk);
    },
  });
  // Before any pipe: this listener runs before the one that ends the pipe's other side.
  body.once('end', onEnd);
  return body;
}
