import type { Stack } from '@zameni/runtime/stack';
import { Pool } from 'undici';
import { cpuMsEach, readCpu } from '../load/cpu.ts';
import { toRegistration } from '../load/registration-path.ts';

/** The CPU of the command API that one kind of request takes. */
export type RefusedFigure = {
  readonly kind: string;
  /** The status of the answers; all of a kind have the same. */
  readonly status: number;
  readonly requests: number;
  readonly cpuMs: number;
};

/** The stack, a token that may vouch, and the seconds that each kind runs. */
export type RefusedOptions = {
  readonly stack: Stack;
  readonly token: string;
  readonly seconds: number;
  readonly onFigure: (figure: RefusedFigure) => void;
};

type Kind = {
  readonly path?: string;
  readonly token?: string;
  readonly toBody: (number: number) => unknown;
};

const CONNECTIONS = 16;
const PUBLIC_BYTES = 4_096;
const VOUCHED_BYTES = 16_384;

/** The smallest registration, which is accepted. */
function toSmallest(number: number): object {
  return { email: `r${number}@example.org`, displayName: 'V', locale: 'sr', termsVersion: '1' };
}

/** As many short entries as a body of this size has room for. */
function toEntries(bytes: number, value: unknown): object {
  const room = Math.floor((bytes - 300) / (JSON.stringify(value).length + 8));
  return Object.fromEntries(Array.from({ length: room }, (_, n) => [`f${n.toString(36)}`, value]));
}

/** Kinds of commands. Those with `accepted` in their name are accepted, the others refused. */
function toKinds(token: string): Readonly<Record<string, Kind>> {
  const person = toRegistration('refused');
  const fields = (bytes: number) => ({ ...person, ...toEntries(bytes, 1) });
  const values = (bytes: number) => ({ ...person, profile: toEntries(bytes, null) });
  const names = 'ж'.repeat(60);
  return {
    'accepted: the smallest registration': { toBody: toSmallest },
    'accepted: a wish for another mail': {
      path: '/v1/email-verifications/resend',
      toBody: (number) => ({ email: `r${number}@example.org` }),
    },
    'no token': { path: '/v1/imports', toBody: () => ({}) },
    'a bad token': {
      toBody: toSmallest,
      token: `${token.slice(0, -8)}AAAAAAAA`,
    },
    'a token without the scope': {
      path: '/v1/imports',
      token,
      toBody: () => fields(VOUCHED_BYTES),
    },
    'public, 4 KiB of unknown fields': { toBody: () => fields(PUBLIC_BYTES) },
    'public, 4 KiB of wrong values': { toBody: () => values(PUBLIC_BYTES) },
    'public, a host of many labels': {
      toBody: () => ({ ...person, email: `a@${`${names}.`.repeat(3)}example` }),
    },
    'public, a link that is none': {
      path: '/v1/email-verifications',
      toBody: () => ({ token: 'e30.'.repeat(250) }),
    },
    'vouched, 16 KiB of unknown fields': { token, toBody: () => fields(VOUCHED_BYTES) },
    'vouched, 16 KiB of wrong values': { token, toBody: () => values(VOUCHED_BYTES) },
    'vouched, 16 KiB in 256 values': {
      token,
      toBody: () => ({ ...person, ...toEntries(200 * 72, 'x'.repeat(60)) }),
    },
    'vouched, 16 KiB of escapes': { token, toBody: () => ({ ...person, x: '\n'.repeat(7_800) }) },
    'vouched, 16 KiB nested': {
      token,
      toBody: () => ({ ...person, x: Array.from({ length: 4_000 }, () => []) }),
    },
  };
}

/**
 * Measures what a request costs the command API before it is refused, beside the cheapest that it
 * accepts. Sent straight at the process, in a closed loop. The goal is 5 times at most: then a
 * stranger who sends what is dear to refuse gains nothing over one who registers people.
 */
export async function measureRefused(options: RefusedOptions): Promise<RefusedFigure[]> {
  const { stack, token, seconds, onFigure } = options;
  const service = stack.services.find((each) => each.service === 'command-api');
  if (service === undefined) throw new Error('there is no command API');
  const pid = stack.pids[service.name] ?? 0;
  const pool = new Pool(service.url, { connections: CONNECTIONS });
  const figures: RefusedFigure[] = [];
  let number = 0;
  try {
    for (const [name, kind] of Object.entries(toKinds(token))) {
      const send = () => sendOne(pool, kind, (number += 1));
      await runFor(1, send);
      const before = readCpu({ api: pid });
      const { status, requests } = await runFor(seconds, send);
      const { api: cpuMs = 0 } = cpuMsEach(before, readCpu({ api: pid }), requests);
      const figure = { kind: name, status, requests, cpuMs };
      figures.push(figure);
      onFigure(figure);
    }
  } finally {
    await pool.close();
  }
  return figures;
}

async function sendOne(pool: Pool, kind: Kind, number: number): Promise<number> {
  const { path = '/v1/registrations', token, toBody } = kind;
  const response = await pool.request({
    path,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(toBody(number)),
  });
  await response.body.dump();
  return response.statusCode;
}

/** Sends in a closed loop. Throws if two answers have different statuses. */
async function runFor(
  seconds: number,
  send: () => Promise<number>,
): Promise<{ status: number; requests: number }> {
  const endsAt = performance.now() + seconds * 1_000;
  const statuses = new Map<number, number>();
  const loop = async () => {
    while (performance.now() < endsAt) {
      const status = await send();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
  const [first, ...others] = statuses;
  if (first === undefined || others.length > 0) {
    throw new Error(`the answers were ${[...statuses.keys()].join(', ')}`);
  }
  return { status: first[0], requests: first[1] };
}
