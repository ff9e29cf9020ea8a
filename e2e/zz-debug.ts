import { createOpenApi } from '@zameni/contracts';
import fc from 'fast-check';
import { toBytes } from './fuzz-case.ts';
import { readContract } from './fuzz-contract.ts';
import { nearValidRequests, validRequests } from './fuzz-requests.ts';
import { createClient } from './fuzz-wire.ts';
const contract = readContract(createOpenApi());
const target = { name: 'srv', port: Number(process.argv[2]) };
const known = { targetsOf: () => [target], ids: ['01980000-0000-7000-8000-000000000001'], position: 'A'.repeat(23), authorizations: [undefined] };
const arb = fc.oneof(...contract.flatMap((o) => [validRequests(o, known), nearValidRequests(o, known)]));
const lanes = Array.from({ length: 16 }, async (_, lane) => {
  let client = createClient(target.port);
  let history: string[] = [];
  let t0 = Date.now();
  for (const request of fc.sample(arb, { numRuns: 3000, seed: lane + Number(process.argv[3] ?? 1) })) {
    const bytes = toBytes(request);
    const t1 = Date.now();
    const { answers, fault } = await client.send(bytes, request.method === 'HEAD');
    history.push(`${Date.now() - t0} (+${Date.now() - t1}) ${request.method.slice(0, 10)} ${request.how.slice(0, 60)} ${bytes.length} → ${answers[0]?.status} ${fault ?? ''} ${answers[0]?.headers.find(([n]) => n === 'connection')?.[1]}`);
    if (fault !== undefined || answers[0]?.status === 408) { console.log(lane, history.slice(-6).join('\n   ')); if (fault) client = createClient(target.port); }
  }
});
await Promise.all(lanes);
console.log('done');
