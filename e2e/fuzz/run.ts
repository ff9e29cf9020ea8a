import fc, { type Arbitrary } from 'fast-check';
import { type FuzzCase, toBytes, toReproduction } from './case.ts';
import type { ContractOperation } from './contract.ts';
import { judge } from './judge.ts';
import { createClient, type Exchange, sendAndEnd } from './wire.ts';

/** The requests, their number, and how they are drawn. */
export type FuzzOptions = {
  readonly contract: readonly ContractOperation[];
  readonly requests: Arbitrary<FuzzCase>;
  readonly count: number;
  readonly seed: number;
  /** Concurrent requests. Each lane draws from a seed of its own. */
  readonly lanes: number;
  readonly deadlineMs: number;
  readonly onAnswered: (request: FuzzCase, exchange: Exchange) => void;
};

/** The results of the fuzz. */
export type FuzzReport = {
  readonly sent: number;
  /** For each lane with a fault: the fault and the smallest request that shows it. */
  readonly findings: readonly string[];
};

/** Sends requests until all are answered. A lane stops when an answer breaks the contract. */
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
    // The last fault belongs to the last failing request, which is the smallest.
    return { sent, finding: `${faults.join('\n')}\n${toReproduction(smallest)}` };
  }
  if (details.failed) return { sent, finding: String(details.errorInstance) };
  if (sent < numRuns) return { sent, finding: `only ${sent} of ${numRuns} in ${deadlineMs} ms` };
  return { sent };
}
