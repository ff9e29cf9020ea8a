import { randomFillSync } from 'node:crypto';

/** Bytes drawn from the system at once. A call for twelve bytes costs nearly as much. */
const POOL_BYTES = 8 * 1024;

const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Returns random bytes from the system's generator. No byte is used twice; used ones are wiped. */
export function drawBytes(count: number): Buffer {
  if (count > POOL_BYTES) throw new RangeError(`at most ${POOL_BYTES} bytes at once`);
  if (used + count > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const drawn = Buffer.from(pool.subarray(used, used + count));
  pool.fill(0, used, used + count);
  used += count;
  return drawn;
}
