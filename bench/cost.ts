import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { encodePersonal } from '@zameni/contracts';
import {
  createDataKeys,
  createTokenVerifier,
  readKeyRing,
  readTokenIssuers,
  sealPersonal,
  type TokenVerifier,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { createSilentLogger } from '@zameni/runtime/testing';
import { issueToken } from '../cli/src/local-issuer.ts';
import { openCostLog } from './cost-log.ts';
import { type CpuSeconds, readCpu } from './cpu.ts';

/** What one part of a registration costs alone, in CPU milliseconds by process. */
export type CostFigure = {
  readonly part: string;
  readonly count: number;
  readonly cpuMs: Readonly<Record<string, number>>;
};

/** How long each part runs. */
export type CostOptions = {
  readonly stack: Stack;
  readonly seconds: number;
  readonly onFigure: (figure: CostFigure) => void;
};

/** Registrations of one group, as a full one of the committer has them. */
const GROUP = 100;

/** Registrations encrypted, or tokens checked, between looks at the clock. */
const CHUNK = 500;

/**
 * What the parts of a registration cost that a plain INSERT has not, each run alone and in a closed
 * loop with the bench as its only client: encryption, the check of a token, the reading of claims, and
 * appends to one server, to three, and to three from another NATS account.
 */
export async function measureCosts(options: CostOptions): Promise<CostFigure[]> {
  const { stack, onFigure } = options;
  const figures: CostFigure[] = [];
  const nats = Object.entries(stack.pids).filter(([name]) => name.startsWith('nats-'));
  // The servers are children of this process, so its own CPU is not read with theirs.
  const readAll = () => ({ ...readCpu(Object.fromEntries(nats)), client: readOwnCpu() });
  const measure = async (part: string, work: () => number | Promise<number>) => {
    await runFor(1, work);
    const before: CpuSeconds = readAll();
    const count = await runFor(options.seconds, work);
    const after: CpuSeconds = readAll();
    const cpuMs = Object.fromEntries(
      Object.keys(after).map((name) => [
        name,
        (((after[name] ?? 0) - (before[name] ?? 0)) * 1_000) / count,
      ]),
    );
    const figure = { part, count, cpuMs };
    figures.push(figure);
    onFigure(figure);
  };

  await measure('encryption: data key, its wrapping, personal data', createEncryption(stack));
  const tokens = await issueTokens(stack);
  const verifier = createVerifier(stack);
  await measure('token checked for the first time', () =>
    checkTokens(createVerifier(stack), tokens),
  );
  await measure('token checked again', () => checkTokens(verifier, tokens));
  await using log = await openCostLog(stack);
  await measure('append to one server', () => log.append('single', GROUP));
  await measure('append to three servers', () => log.append('replicated', GROUP));
  await measure('append to three servers as the command API', () => log.append('foreign', GROUP));
  await measure('claim read in a group', () => log.readClaims(GROUP));
  return figures;
}

function readOwnCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Runs work again and again for some seconds; answers how much it did in all. */
async function runFor(seconds: number, work: () => number | Promise<number>): Promise<number> {
  const endsAt = performance.now() + seconds * 1_000;
  let count = 0;
  while (performance.now() < endsAt) count += await work();
  return count;
}

function createEncryption({ keys }: Stack): () => number {
  const dataKeys = createDataKeys(readKeyRing(keys.kekFile));
  const plaintext = encodePersonal({
    name: 'registered',
    data: {
      locale: 'sr-Latn-RS',
      termsVersion: '2026-01',
      fingerprint: 'f'.repeat(43),
      standing: 'held',
    },
    personal: {
      email: 'somebody.with.a.name@example.org',
      claim: 'c'.repeat(43),
      displayName: 'Vera Marković',
      profile: {},
    },
  });
  if (plaintext === null) throw new Error('a registration has personal data');
  return () => {
    for (let n = 0; n < CHUNK; n += 1) {
      const userId = randomUUID();
      const { key } = dataKeys.create(userId);
      sealPersonal(key, { eventId: randomUUID(), type: 'registered', userId }, plaintext);
    }
    return CHUNK;
  };
}

/** Tokens of different people, signed before anything is measured. */
async function issueTokens(stack: Stack): Promise<string[]> {
  return Promise.all(
    Array.from({ length: CHUNK }, (_, n) =>
      issueToken(stack, {
        scopes: ['registrations:write'],
        subject: `bench-${n}`,
        ttlSeconds: 600,
      }),
    ),
  );
}

function createVerifier({ folders }: Stack): TokenVerifier {
  const issuers = readTokenIssuers(join(folders.root, 'issuers.json'));
  return createTokenVerifier({ issuers, logger: createSilentLogger() });
}

async function checkTokens(verifier: TokenVerifier, tokens: readonly string[]): Promise<number> {
  for (const token of tokens) await verifier.verify(`Bearer ${token}`);
  return tokens.length;
}
