/** The target of a request. */
export type Target = { readonly name: string; readonly port: number };

/** A request with everything needed to judge its answer. */
export type FuzzCase = {
  readonly target: Target;
  /** A description of the change. */
  readonly how: string;
  /** `raw` goes out on a connection of its own, half closed afterwards. */
  readonly kind: 'valid' | 'near-valid' | 'raw';
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | undefined;
  /** The whole request of kind `raw`. */
  readonly bytes?: Buffer;
  /** Expected statuses. Undefined if every status of the operation is allowed. */
  readonly expect?: readonly number[];
  /** The expected code. */
  readonly code?: string;
  /** The source of the body. Its texts must not come back in an error. */
  readonly person?: unknown;
};

/** The bytes of a request. */
export function toBytes({ method, path, headers, body, bytes }: FuzzCase): Buffer {
  if (bytes !== undefined) return bytes;
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const framing =
    body === undefined || names.has('content-length') || names.has('transfer-encoding')
      ? []
      : [`Content-Length: ${body.length}`];
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${path} HTTP/1.1`, ...lines, ...framing, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)]);
}

/** A line for bash that sends the same bytes again and shows the answer. */
export function toReproduction(request: FuzzCase): string {
  const { target, kind, how } = request;
  const bytes = toBytes(request);
  const text = [...bytes].map(
    (byte) => PRINTABLE[byte] ?? `\\${byte.toString(8).padStart(3, '0')}`,
  );
  return [
    `# ${kind}, ${target.name}: ${how}`,
    `exec 3<>/dev/tcp/127.0.0.1/${target.port}; printf '${text.join('')}' >&3; timeout 5 cat <&3`,
  ].join('\n');
}

/** Bytes that need no escape inside the single quotes of `printf '…'`. */
const PRINTABLE: readonly (string | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (byte === 13) return '\\r';
  if (byte === 10) return '\\n';
  if (character === '%') return '%%';
  return byte < 0x20 || byte > 0x7e || character === "'" || character === '\\'
    ? undefined
    : character;
});
