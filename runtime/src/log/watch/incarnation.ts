import { randomInt } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/**
 * The entry of the stream's metadata that names the incarnation of the log. A log that was restored
 * from a copy gives positions a second time. An operator then gives it another incarnation, and
 * position tokens of the one before are known as such.
 */
const KEY = 'zameni.incarnation';

/** Incarnations are from 1 to 2^32 - 1. In a token, 0 means that it was not known. */
const END = 2 ** 32;

type Metadata = Readonly<Record<string, string>>;

/** The incarnation in a stream's metadata; undefined if it names none. */
export function toIncarnation(metadata: Metadata = {}): number | undefined {
  const text = metadata[KEY] ?? '';
  return /^[\da-f]{8}$/.test(text) ? Number.parseInt(text, 16) : undefined;
}

/** Metadata that names an incarnation: the one that it names already, or a new one. */
export function toMetadata(held: Metadata): Record<string, string> {
  return { [KEY]: toText(randomInt(1, END)), ...held };
}

/** Gives the stream another incarnation, and returns it. Needs user `admin`. */
export async function renewIncarnation(nc: NatsConnection, stream: string): Promise<number> {
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 10_000 });
  const { config } = await jsm.streams.info(stream);
  const incarnation = randomInt(1, END);
  await jsm.streams.update(stream, {
    ...config,
    metadata: { ...config.metadata, [KEY]: toText(incarnation) },
  });
  return incarnation;
}

function toText(incarnation: number): string {
  return incarnation.toString(16).padStart(8, '0');
}
