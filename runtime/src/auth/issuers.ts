import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FIELD_CODES } from '@zameni/contracts';
import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { coerceError } from '../errors.ts';
import { createValidator } from '../http/validation.ts';
import { parseJson } from '../keys/secret-file.ts';
import { ConfigError, explainProperty } from '../process/config.ts';
import type { KeyPlace } from './jwks-load.ts';
import { parseKeySet } from './jwks-parse.ts';

/** Asymmetric algorithms only: with a shared secret, each verifier could also make tokens. */
const ALGORITHMS = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'] as const;

/** Kinds of tokens by the `typ` of their header: RFC 9068, RFC 7519, or not looked at. */
const TOKEN_TYPES = ['at+jwt', 'JWT', 'any'] as const;

/** Seconds: a day, the longest life of an access token that identity providers give by default. */
const DEFAULT_LIFETIME_SECONDS = 86_400;

/** Seconds: 31 days. A token cannot be taken back, so its life must end. */
const LONGEST_LIFETIME_SECONDS = 2_678_400;

/** A trusted issuer of tokens. */
export type TokenIssuer = {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly (typeof ALGORITHMS)[number][];
  readonly tokenType: (typeof TOKEN_TYPES)[number];
  /** Most seconds from `iat` to `exp` of its tokens. */
  readonly maxLifetimeSeconds: number;
  readonly keys: KeyPlace;
};

const VARIABLE = 'ZAMENI_JWT_ISSUERS_FILE';
const MAX_ISSUERS = 16;

/** The fields of an entry. Their descriptions and examples are part of the error messages. */
const fields = {
  issuer: Type.String({
    minLength: 1,
    maxLength: 2_048,
    description: 'The `iss` of its tokens, once in the list',
    example: '"https://id.example.org/"',
  }),
  audience: Type.String({
    minLength: 1,
    maxLength: 2_048,
    description: 'The `aud` of its tokens',
    example: '"zameni"',
  }),
  algorithms: Type.Array(Type.Enum(ALGORITHMS), {
    description: `Algorithms that may sign its tokens, of ${ALGORITHMS.join(', ')}`,
    example: '["ES256"]',
  }),
  tokenType: Type.Enum(TOKEN_TYPES, {
    description: `The \`typ\` of its tokens, of ${TOKEN_TYPES.join(', ')}; with \`JWT\` and \`any\` it must not sign other tokens for this audience`,
    example: '"at+jwt"',
  }),
  maxLifetimeSeconds: Type.Integer({
    description: `Most seconds from \`iat\` to \`exp\` of its tokens, 1 to ${LONGEST_LIFETIME_SECONDS}`,
    example: '3600',
  }),
  file: Type.String({
    minLength: 1,
    description: 'File with a JWKS of at least one key, relative to this file',
    example: '"jwks.json"',
  }),
  url: Type.String({
    maxLength: 2_048,
    description: 'https, or http on this machine, without credentials',
    example: '"https://id.example.org/jwks.json"',
  }),
};
const Jwks = Type.Object(
  { file: Type.Optional(fields.file), url: Type.Optional(fields.url) },
  {
    additionalProperties: false,
    description: 'Place of its public keys, either `file` or `url`',
    example: '{"url":"https://id.example.org/jwks.json"}',
  },
);
const IssuerEntry = Type.Object(
  {
    issuer: fields.issuer,
    audience: fields.audience,
    jwks: Jwks,
    algorithms: Type.Optional(fields.algorithms),
    tokenType: Type.Optional(fields.tokenType),
    maxLifetimeSeconds: Type.Optional(fields.maxLifetimeSeconds),
  },
  { additionalProperties: false },
);
type IssuerEntry = Static<typeof IssuerEntry>;
const IssuersFile = Type.Array(IssuerEntry, {
  maxItems: MAX_ISSUERS,
  description: `A list of 1 to ${MAX_ISSUERS} issuers`,
  example:
    '[{"issuer":"https://id.example.org/","audience":"zameni","jwks":{"url":"https://id.example.org/jwks.json"}}]',
});
const explained: Readonly<Record<string, TSchema>> = { ...fields, jwks: Jwks };
const listFaults = createValidator(IssuersFile);
const issuersCheck = Compile(IssuersFile);

/** Reads the issuers file. Throws one ConfigError that lists every fault with its place. */
export function readTokenIssuers(path: string): readonly TokenIssuer[] {
  const entries = readEntries(path);
  const faults = entries.length === 0 ? [toFault('', 'The list is empty')] : [];
  const issuers = entries.flatMap((entry, index): TokenIssuer[] => {
    const isTwice = entries.slice(0, index).some(({ issuer }) => issuer === entry.issuer);
    if (isTwice) faults.push(toFault(`/${index}/issuer`, 'The issuer is in the list already'));
    const { issuer, audience, algorithms = ALGORITHMS, tokenType = 'at+jwt' } = entry;
    const { maxLifetimeSeconds = DEFAULT_LIFETIME_SECONDS } = entry;
    if (maxLifetimeSeconds < 1 || maxLifetimeSeconds > LONGEST_LIFETIME_SECONDS) {
      faults.push(toFault(`/${index}/maxLifetimeSeconds`, 'The number is out of range'));
    }
    if (algorithms.length === 0) faults.push(toFault(`/${index}/algorithms`, 'The list is empty'));
    const keys = toKeyPlace(entry.jwks, dirname(path));
    const fault = keys === undefined ? 'It has neither or both' : findFault(keys);
    const field = keys === undefined ? '' : `/${keys.kind}`;
    if (fault !== undefined) faults.push(toFault(`/${index}/jwks${field}`, fault));
    const rules = { algorithms, tokenType, maxLifetimeSeconds };
    return keys === undefined ? [] : [{ issuer, audience, ...rules, keys }];
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return issuers;
}

function readEntries(path: string): readonly IssuerEntry[] {
  const content = readJson(path);
  if (issuersCheck.Check(content)) return content;
  const faults = listFaults(content) ?? [];
  throw new ConfigError(faults.map(({ pointer, code }) => toFault(pointer, FIELD_CODES[code])));
}

function readJson(path: string): unknown {
  try {
    return parseJson(path);
  } catch (error) {
    throw new ConfigError([toFault('', coerceError(error).message)]);
  }
}

function toKeyPlace({ file, url }: IssuerEntry['jwks'], folder: string): KeyPlace | undefined {
  if (file !== undefined && url === undefined) {
    return { kind: 'file', path: resolve(folder, file) };
  }
  return url !== undefined && file === undefined ? { kind: 'url', url } : undefined;
}

/** Checks a place of keys. A file must be usable at the start; a URL may be unavailable then. */
function findFault(keys: KeyPlace): string | undefined {
  if (keys.kind === 'url') return isSafeUrl(keys.url) ? undefined : 'The address is not safe';
  try {
    const { size } = parseKeySet(readFileSync(keys.path, 'utf8'));
    return size > 0 ? undefined : 'The key set is empty';
  } catch (error) {
    return `${keys.path} cannot be used (${coerceError(error).message})`;
  }
}

/** Only https, or http on this machine: an attacker who changes the key set can make tokens. */
function isSafeUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  const isLocal = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal);
}

function toFault(pointer: string, what: string): string {
  const field = pointer.split('/').findLast((name) => !/^\d*$/.test(name)) ?? '';
  const place = pointer === '' ? '' : ` at ${pointer}`;
  return `${VARIABLE}${place}: ${what}: ${explainProperty(explained[field] ?? IssuersFile)}`;
}
