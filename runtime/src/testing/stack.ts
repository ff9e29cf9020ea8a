import { readStackFile, type Stack } from '../process/stack.ts';

export type { Stack };

/** Reads the description of the running stack that the tests were started with. */
export async function readTestStack(): Promise<Stack> {
  const path = process.env['ZAMENI_STACK'];
  if (path === undefined) throw new Error('ZAMENI_STACK is not set: run the tests by `npm test`');
  return readStackFile(path);
}
