import fc, { type Arbitrary } from 'fast-check';
import { type FuzzCase, toBytes, toReproduction } from './case.ts';
import type { ContractOperation } from './contract.ts';
import { judge } from './judge.ts';
import { createClient, type Exchange, sendAndEnd } from './wire.ts';

/** What is sent, how often, and how it is drawn. */
export type FuzzOptions = {
  readonly contract: readonly ContractOperation[];
  readonly requests: Arbitrary<FuzzCase>;
  readonly count: number;
  readonly seed: number;
  /** Requests under way at once; each lane draws from a seed of its own. */
  readonly lanes: number;
  readonly deadlineMs: number;
  readonly onAnswered: (request: FuzzCase, exchange: Exchange) => void;
};

/** What the fuzz did. */
export type FuzzReport = {
  readonly sent: number;
  /** For each lane that found something: what, with the smallest request that shows it. */
  readonly findings: readonly string[];
};

/** Sends requests until they are all answered or, in each lane, one breaks the contract. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzReport> {
  const lanes = await Promise.all(
    Array.from({ length: options.lanes }, (_, lane) => runLane(options, lane)),
  );
  return {
    sent: lanes.reduce((sum, { sent }) => sum + sent, 0),
    findings: lanes.flatMap(({ finding }) => finding ?? []),
  };
}

async function runLane(options: FuzzOptions, lane: number) {
  const { contract, requests, count, seed, lanes, deadlineMs, onAnswered } = options;
  const clients = new Map<number, ReturnType<typeof createClient>>();
  const clientOf = (port: number) => {
    const client = clients.get(port) ?? createClient(port);
    clients.set(port, client);
    return client;
  };
  const exchange = (request: FuzzCase) =>
    request.kind === 'raw'
      ? sendAndEnd(request.target.port, toBytes(request))
      : clientOf(request.target.port).send(toBytes(request), request.method === 'HEAD');
  let faults: string[] = [];
  const numRuns = Math.floor(count / lanes) + (lane < count % lanes ? 1 : 0);
  const details = await fc.check(
    fc.asyncProperty(requests, async (request) => {
      const came = await exchange(request);
      const found = judge(contract, request, came);
      if (found.length > 0) faults = found;
      else onAnswered(request, came);
      return found.length === 0;
    }),
    { numRuns, seed: (seed + lane) | 0, interruptAfterTimeLimit: deadlineMs },
  );
  for (const client of clients.values()) client.close();
  const sent = details.numRuns;
  const [smallest] = details.counterexample ?? [];
  if (smallest !== undefined) {
    // The last fault seen belongs to the last failing, which is the smallest, request.
    return { sent, finding: `${faults.join('\n')}\n${toReproduction(smallest)}` };
  }
  if (details.failed) return { sent, finding: String(details.errorInstance) };
  if (sent < numRuns) return { sent, finding: `only ${sent} of ${numRuns} in ${deadlineMs} ms` };
  return { sent };
}
