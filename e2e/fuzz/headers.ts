import fc, { type Arbitrary } from 'fast-check';
import type { FuzzCase } from './case.ts';
import type { ContractOperation } from './contract.ts';

type Headers = FuzzCase['headers'];
/** A change of headers and the expected answer. */
export type HeaderChange = Pick<FuzzCase, 'how' | 'expect' | 'code'> & {
  readonly set: Headers;
  readonly unset?: string;
};

const REFUSES_TOKEN = { expect: [401], code: 'unauthorized' } as const;
const refusesHeader = { expect: [400, 401, 403], code: 'malformed-header' } as const;
const refusesType = { expect: [415], code: 'unsupported-media-type' } as const;

/** Headers that are wrong, odd or unusual for an operation. */
export function headerChanges(operation: ContractOperation): Arbitrary<HeaderChange> {
  const set = (how: string, set: Headers, rest: Partial<HeaderChange> = {}): HeaderChange => ({
    how,
    set,
    ...rest,
  });
  const odd = fc.stringMatching(/^[\x20-\x7e\xa0-\xff]{0,40}$/);
  const takesBody = operation.body !== undefined;
  // The reference is open to everybody and reads no token.
  const refusesToken = operation.statuses.has(401) ? REFUSES_TOKEN : {};
  const has = (name: string) => name in operation.headerParameters;
  return fc.oneof(
    fc.constantFrom(
      set('no Host', [], { unset: 'Host', expect: [400], code: 'bad-request' }),
      set('Expect: 100-continue', [['Expect', '100-continue']]),
      set('another expectation', [['Expect', 'a miracle']]),
      set('an upgrade', [
        ['Connection', 'upgrade'],
        ['Upgrade', 'websocket'],
      ]),
      set('a closed connection', [['Connection', 'close']]),
      set('a huge header', [['X-Huge', 'a'.repeat(20_000)]], {
        expect: [400],
        code: 'bad-request',
      }),
      set(
        'many headers',
        Array.from({ length: 90 }, (_, n) => [`X-${n}`, 'a'] as const),
      ),
      set(
        'too many headers',
        Array.from({ length: 3_000 }, (_, n) => [`X-${n}`, ''] as const),
      ),
      set('another Accept', [['Accept', 'text/html, image/*;q=0.1']]),
      set('Accept-Version', [['Accept-Version', '2.x']]),
      set('a range', [['Range', 'bytes=0-1']]),
      set('a forwarded address', [
        ['X-Forwarded-For', "' or 1=1 --"],
        ['Forwarded', 'for=_x'],
      ]),
      set('a bad trace', [
        ['traceparent', '00-xyz-1-1'],
        ['tracestate', ',,,='],
      ]),
      set('Basic credentials', [['Authorization', 'Basic dmVyYTp4']], refusesToken),
      set('no token', [['Authorization', 'Bearer ']], refusesToken),
      set('a malformed token', [['Authorization', 'Bearer a.b.c']], refusesToken),
      set(
        'an unsigned token',
        [['Authorization', 'Bearer eyJhbGciOiJub25lIn0.e30.']],
        refusesToken,
      ),
    ),
    odd.map((value) => set('an odd token', [['Authorization', `Bearer ${value}`]], refusesToken)),
    odd.map((value) => set('an odd header', [['X-Odd', value]])),
    ...(has('Min-Position')
      ? [odd.map((value) => set('an odd position', [['Min-Position', `${value}!`]], refusesHeader))]
      : []),
    ...(has('Prefer') ? [odd.map((value) => set('an odd preference', [['Prefer', value]]))] : []),
    ...(has('If-None-Match')
      ? [odd.map((value) => set('an odd tag', [['If-None-Match', value]]))]
      : []),
    ...(has('Idempotency-Key')
      ? [odd.map((value) => set('an odd key', [['Idempotency-Key', `${value} .`]], refusesHeader))]
      : []),
    ...(takesBody
      ? [
          fc
            .constantFrom(...OTHER_TYPES)
            .map((type) => set(type, [['Content-Type', type]], refusesType)),
          fc
            .constantFrom('gzip', 'br', 'deflate', 'x', 'identity, gzip')
            .map((coding) =>
              set(`content coding ${coding}`, [['Content-Encoding', coding]], refusesType),
            ),
          fc.constant(set('no content type', [], { unset: 'Content-Type', ...refusesType })),
          fc
            .constantFrom('application/json;charset=UTF-8', 'APPLICATION/json ; charset="utf-8"')
            .map((type) => set('another spelling of the type', [['Content-Type', type]])),
        ]
      : []),
  );
}

const OTHER_TYPES = [
  'text/plain',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=a',
  'application/json; charset=utf-16',
  'application/json; charset=iso-8859-1',
  'application/json;charset=utf-8;charset=ascii',
  'application/vnd.api+json',
  'json',
  '/',
];

/** The request with a header changed. */
export function withHeader(
  request: FuzzCase,
  { how, set, unset, ...rest }: HeaderChange,
): FuzzCase {
  const gone = new Set(
    [...set.map(([name]) => name), unset ?? ''].map((name) => name.toLowerCase()),
  );
  const kept = request.headers.filter(([name]) => !gone.has(name.toLowerCase()));
  return { ...request, how, headers: [...kept, ...set], ...rest };
}
