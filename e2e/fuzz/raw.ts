import fc, { type Arbitrary } from 'fast-check';
import { type FuzzCase, type Target, toBytes } from './case.ts';

const HOST = 'Host: 127.0.0.1\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const POST = `POST /v1/registrations HTTP/1.1\r\n${HOST}${JSON_TYPE}`;
const GET = `GET /v1/users/x HTTP/1.1\r\n${HOST}`;
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

/** Requests that break HTTP in ways that have been used against servers. */
const BROKEN: readonly (readonly [how: string, text: string])[] = [
  ['nothing', ''],
  ['line ends only', '\r\n\r\n\r\n'],
  ['no version', 'GET /v1/users/x\r\n\r\n'],
  ['an unknown version', `GET /v1/users/x HTTP/9.9\r\n${HOST}\r\n`],
  ['HTTP/1.0', 'GET /v1/users/x HTTP/1.0\r\n\r\n'],
  ['lower case version', `GET /v1/users/x http/1.1\r\n${HOST}\r\n`],
  ['no path', `GET  HTTP/1.1\r\n${HOST}\r\n`],
  ['a path without slash', `GET v1/users/x HTTP/1.1\r\n${HOST}\r\n`],
  ['an asterisk', `GET * HTTP/1.1\r\n${HOST}\r\n`],
  ['a whole URL', `GET http://example.org/v1/users/x HTTP/1.1\r\n${HOST}\r\n`],
  ['a space in the path', `GET /v1/users/a b HTTP/1.1\r\n${HOST}\r\n`],
  ['a control character in the path', `GET /v1/users/\x01 HTTP/1.1\r\n${HOST}\r\n`],
  ['bare line feeds', 'GET /v1/users/x HTTP/1.1\nHost: x\n\n'],
  ['bare carriage returns', 'GET /v1/users/x HTTP/1.1\rHost: x\r\r'],
  ['a folded header', `${GET}X-A: a\r\n b\r\n\r\n`],
  ['a space before the colon', `${GET}X-A : a\r\n\r\n`],
  ['a header without colon', `${GET}XA\r\n\r\n`],
  ['a header without name', `${GET}: a\r\n\r\n`],
  ['a NUL in a header', `${GET}X-A: a\0b\r\n\r\n`],
  ['a space before the first header', `GET /v1/users/x HTTP/1.1\r\n ${HOST}\r\n`],
  ['two hosts', `${GET}Host: example.org\r\n\r\n`],
  ['an invalid host', 'GET /v1/users/x HTTP/1.1\r\nHost: a b@c/d\r\n\r\n'],
  ['headers without end', GET],
  ['a head that never ends', `${GET}X-A: ${'a'.repeat(100_000)}`],
  ['a long method', `${'A'.repeat(30_000)} / HTTP/1.1\r\n${HOST}\r\n`],
  ['a tunnel', `CONNECT example.org:443 HTTP/1.1\r\n${HOST}\r\n`],
  ['two lengths', `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
  ['a negative length', `${POST}Content-Length: -1\r\n\r\n{}`],
  ['a length in hex', `${POST}Content-Length: 0x2\r\n\r\n{}`],
  ['a length with a sign', `${POST}Content-Length: +2\r\n\r\n{}`],
  ['an enormous length', `${POST}Content-Length: 99999999999999999999\r\n\r\n{}`],
  [
    'a length and chunks',
    `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['another transfer coding', `${POST}Transfer-Encoding: gzip\r\n\r\n{}`],
  ['chunked twice', `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
  ['chunked in disguise', `${POST}Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
  ['less body than declared', `${POST}Content-Length: 100\r\n\r\n{}`],
  ['more body than declared', `${POST}Content-Length: 2\r\n\r\n{}{}{}`],
  ['an invalid chunk size', `${CHUNKED}zz\r\n{}\r\n0\r\n\r\n`],
  ['a negative chunk size', `${CHUNKED}-2\r\n{}\r\n0\r\n\r\n`],
  ['an enormous chunk size', `${CHUNKED}fffffffffffffffff\r\n{}\r\n0\r\n\r\n`],
  ['a chunk longer than declared', `${CHUNKED}1\r\n{}\r\n0\r\n\r\n`],
  ['chunks without end', `${CHUNKED}2\r\n{}\r\n`],
  ['a chunk extension', `${CHUNKED}2;a="b"\r\n{}\r\n0\r\n\r\n`],
  ['a trailer', `${CHUNKED}2\r\n{}\r\n0\r\nX-A: b\r\n\r\n`],
  ['a broken trailer', `${CHUNKED}2\r\n{}\r\n0\r\nbroken\r\n\r\n`],
  ['a large chunked body', `${CHUNKED}8000\r\n${' '.repeat(0x8000)}\r\n0\r\n\r\n`],
  ['two requests at once', `${GET}\r\n${GET}\r\n`],
  ['a request and garbage', `${GET}\r\n\x01\x02\x03\r\n\r\n`],
  ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a database protocol', '\x00\x00\x00\x08\x04\xd2\x16\x2f'],
];

/** Bytes that are not HTTP, or hardly: broken requests, damaged valid ones, noise. */
export function rawRequests(
  valid: Arbitrary<FuzzCase>,
  targets: readonly Target[],
): Arbitrary<FuzzCase> {
  const target = fc.constantFrom(...targets);
  const toCase = (target: Target, how: string, bytes: Buffer, person?: unknown): FuzzCase => ({
    target,
    how,
    kind: 'raw',
    method: '',
    path: '',
    headers: [],
    body: undefined,
    bytes,
    person,
  });
  return fc.oneof(
    fc
      .tuple(target, fc.constantFrom(...BROKEN))
      .map(([target, [how, text]]) => toCase(target, how, Buffer.from(text, 'latin1'))),
    fc.tuple(valid, damages).map(([request, damage]) => {
      const bytes = damage.reduce((bytes, { at, remove, insert }) => {
        const place = Math.floor(at * bytes.length);
        const rest = bytes.subarray(Math.min(bytes.length, place + remove));
        return Buffer.concat([bytes.subarray(0, place), insert, rest]);
      }, toBytes(request));
      return toCase(request.target, 'a damaged request', bytes, request.person);
    }),
    fc
      .tuple(target, fc.uint8Array({ maxLength: 500 }))
      .map(([target, bytes]) => toCase(target, 'random bytes', Buffer.from(bytes))),
    fc
      .tuple(target, fc.array(fc.string({ maxLength: 60 }), { maxLength: 8 }))
      .map(([target, lines]) =>
        toCase(target, 'random lines', Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)),
      ),
  );
}

/** Up to three places where bytes are replaced by others. */
const damages = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.constantFrom(0, 1, 1, 4, 1_000),
    insert: fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  }),
  { minLength: 1, maxLength: 3 },
);
