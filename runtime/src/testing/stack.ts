import { readStackFile, type Stack } from '../process/stack.ts';

export type { Stack };

/** The running stack the tests were started with. */
export async function readTestStack(): Promise<Stack> {
  const path = process.env['ZAMENI_STACK'];
  if (path === undefined) throw new Error('ZAMENI_STACK is not set: run the tests by `npm test`');
  return readStackFile(path);
}
