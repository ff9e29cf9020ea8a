import {
  areTrustedProxies,
  ConfigError,
  loadConfig,
  MAX_PROXIES_IN_A_ROW,
  MAX_TRUSTED_ENTRIES,
  parseTrustedProxies,
  proxiesConfig,
  type TrustedProxies,
} from '@zameni/runtime';
import { Type } from 'typebox';
import { StackError } from '../../output/stack-error.ts';
import type { Profile } from '../../profile/names.ts';
import type { SourceLimits } from './clients.ts';

/** What of the gateway can be chosen. */
export type GatewaySettings = {
  /** Origins whose pages may use the APIs. */
  readonly origins: readonly string[];
  /** Proxies before the gateway that may name the address of a client. */
  readonly proxies: TrustedProxies;
  /** Null if one source may use everything. */
  readonly sources: SourceLimits | null;
};

/** Most origins. */
const MAX_ORIGINS = 64;

const schema = Type.Object({
  ...proxiesConfig,
  ZAMENI_CORS_ORIGINS: Type.Optional(
    Type.Refine(
      Type.String({
        description: 'Origins whose pages may use the APIs, separated by commas',
        example: 'https://app.example,http://127.0.0.1:5173',
      }),
      areOrigins,
    ),
  ),
});

/**
 * A quarter of all connections, and a page with its files from many people behind one address. The
 * demo and load programs of the owner come from one address too. A process takes two imports.
 */
const SOURCES: SourceLimits = {
  connections: 1_000,
  connectionRate: 10_000,
  pageRate: 300,
  unfinished: 20,
};

/** Tests and benchmarks send all requests from one address, and thousands at once. */
const SOURCES_OF = { local: SOURCES, test: null, bench: null } as const satisfies Record<
  Profile,
  SourceLimits | null
>;

/** Reads the settings. Throws a StackError that names every fault. */
export function readGatewaySettings(profile: Profile, env: NodeJS.ProcessEnv): GatewaySettings {
  const own = Object.keys(schema.properties).map((name) => [name, env[name]] as const);
  try {
    const config = loadConfig(schema, Object.fromEntries(own));
    requireRoomForGateway(env);
    return {
      origins: config.ZAMENI_CORS_ORIGINS?.split(',') ?? [],
      proxies: parseTrustedProxies(config.ZAMENI_TRUSTED_PROXIES),
      sources: SOURCES_OF[profile],
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new StackError(error.message, { cause: error });
  }
}

/**
 * The trusted proxies of a service behind the gateway: the gateway on loopback, and those before it.
 */
export function proxiesOfServices(env: NodeJS.ProcessEnv): string {
  const text = env['ZAMENI_TRUSTED_PROXIES'] ?? '';
  if (text === '') return '127.0.0.1';
  return /^\d+$/.test(text) ? String(Number(text) + 1) : `127.0.0.1,${text}`;
}

/** Services trust the gateway too, and take no more than it does. */
function requireRoomForGateway(env: NodeJS.ProcessEnv): void {
  if (areTrustedProxies(proxiesOfServices(env))) return;
  throw new StackError(
    `ZAMENI_TRUSTED_PROXIES may name ${MAX_PROXIES_IN_A_ROW - 1} proxies in a row or ${MAX_TRUSTED_ENTRIES - 1} entries: the gateway is one more`,
  );
}

function areOrigins(text: string): boolean {
  const origins = text.split(',');
  return origins.length <= MAX_ORIGINS && origins.every(isOrigin);
}

/** An origin as browsers write it, without a path: `null` and `*` are everybody. */
function isOrigin(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  return new URL(text).origin === text;
}
