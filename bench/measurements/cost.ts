import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { encodePersonal } from '@zameni/contracts';
import {
  createAttemptKeys,
  createDataKeys,
  createTokenVerifier,
  readKeyRing,
  readTokenIssuers,
  sealPersonal,
  type TokenVerifier,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { createSilentLogger } from '@zameni/runtime/testing';
import { issueToken } from '../../cli/src/framework/local-issuer.ts';
import { secretFiles } from '../../deploy/local/secrets/files.ts';
import { type CpuSeconds, cpuMsEach, readCpu } from '../load/cpu.ts';
import { toRegistration } from '../load/registration-path.ts';
import { openCostLog } from './cost-log.ts';

/** The cost of one part of a registration, in CPU milliseconds by process. */
export type CostFigure = {
  readonly part: string;
  readonly count: number;
  readonly cpuMs: Readonly<Record<string, number>>;
};

/** The stack, and the seconds that each part runs. */
export type CostOptions = {
  readonly stack: Stack;
  readonly seconds: number;
  readonly onFigure: (figure: CostFigure) => void;
};

/** Registrations per group, as in a full group of the committer. */
const GROUP = 100;

/** Registrations sealed, or tokens checked, between two reads of the clock. */
const CHUNK = 500;

/** As long as a keyed digest. */
const DIGEST = 'd'.repeat(43);

/** The same data as in a load, except for the number. */
const { email, displayName, locale, termsVersion, profile = {} } = toRegistration('cost-12345');

/**
 * Measures the parts of a registration that a plain INSERT does not have. Each part runs alone, in
 * a closed loop with the bench as its only client. Public: sealing an attempt, and appending its
 * one message. Vouched: encryption, checking a token, and appending three messages to one server,
 * to three, and to three from another NATS account.
 */
export async function measureCosts(options: CostOptions): Promise<CostFigure[]> {
  const { stack, onFigure } = options;
  const figures: CostFigure[] = [];
  const nats = Object.entries(stack.pids).filter(([name]) => name.startsWith('nats-'));
  // The servers are children of this process, so its tree would contain their CPU time.
  const readAll = () => ({ ...readCpu(Object.fromEntries(nats)), client: readOwnCpu() });
  const measure = async (part: string, work: () => number | Promise<number>) => {
    await runFor(1, work);
    const before: CpuSeconds = readAll();
    const count = await runFor(options.seconds, work);
    const figure = { part, count, cpuMs: cpuMsEach(before, readAll(), count) };
    figures.push(figure);
    onFigure(figure);
  };

  await using log = await openCostLog(stack);
  await measure('public: attempt sealed under the key of the day', createSealing(stack));
  await measure('public: append of one message to three servers as the command API', () =>
    log.append('foreign', 'public', GROUP),
  );
  await measure('vouched: data key, its wrapping, personal data', createEncryption(stack));
  const tokens = await issueTokens(stack);
  const verifier = createVerifier(stack);
  await measure('vouched: token checked for the first time', () =>
    checkTokens(createVerifier(stack), tokens),
  );
  await measure('vouched: token checked again', () => checkTokens(verifier, tokens));
  await measure('vouched: append of three messages to one server', () =>
    log.append('single', 'vouched', GROUP),
  );
  await measure('vouched: append of three messages to three servers', () =>
    log.append('replicated', 'vouched', GROUP),
  );
  await measure('vouched: append of three messages to three servers as the command API', () =>
    log.append('foreign', 'vouched', GROUP),
  );
  return figures;
}

function readOwnCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Runs work repeatedly for some seconds, and returns the sum of its counts. */
async function runFor(seconds: number, work: () => number | Promise<number>): Promise<number> {
  const endsAt = performance.now() + seconds * 1_000;
  let count = 0;
  while (performance.now() < endsAt) count += await work();
  return count;
}

function createSealing({ folders }: Stack): () => number {
  const attemptKeys = createAttemptKeys(readKeyRing(secretFiles(folders.secrets).attemptKeys));
  const time = new Date().toISOString();
  const attempt = {
    state: 'open',
    claim: DIGEST,
    locale,
    time,
    expiresAt: time,
    actor: { type: 'anonymous', id: 'anonymous' },
    causationId: '0'.repeat(32),
  } as const;
  const data = { email, displayName, termsVersion, profile };
  const secrets = { data, fingerprint: DIGEST };
  return () => {
    for (let n = 0; n < CHUNK; n += 1) attemptKeys.seal(randomUUID(), attempt, secrets);
    return CHUNK;
  };
}

function createEncryption({ keys }: Stack): () => number {
  const dataKeys = createDataKeys(readKeyRing(keys.kekFile));
  const plaintext = encodePersonal({
    name: 'registered',
    data: { locale, termsVersion, fingerprint: DIGEST, emailVerified: false },
    personal: { email, claim: DIGEST, displayName, profile },
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

/** Signs tokens of different people, before the measurement. */
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
