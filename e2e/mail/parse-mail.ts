/** A mail as a mail program shows it. */
export type ParsedMail = {
  /** By their names in lower case, decoded. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly html: string;
};

type Part = { readonly headers: ReadonlyMap<string, string>; readonly body: string };

/** Parses a mail that has a text and an HTML part. The source is its bytes as Latin-1. */
export function parseMail(source: string): ParsedMail {
  const mail = split(source);
  const parts = leavesOf(mail);
  const partOf = (type: string) => {
    const part = parts.find(({ headers }) => headers.get('content-type')?.startsWith(type));
    return part === undefined ? '' : decodeBody(part);
  };
  return { headers: mail.headers, text: partOf('text/plain'), html: partOf('text/html') };
}

function split(source: string): Part {
  const end = source.indexOf('\r\n\r\n');
  const lines = source
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())];
  });
  return { headers: new Map(headers), body: source.slice(end + 4) };
}

function leavesOf(part: Part): readonly Part[] {
  const type = part.headers.get('content-type') ?? '';
  const [, boundary] = /^multipart\/.*boundary="?([^";]+)"?/i.exec(type) ?? [];
  if (boundary === undefined) return [part];
  const pieces = `\r\n${part.body}`.split(`\r\n--${boundary}`).slice(1, -1);
  return pieces.flatMap((piece) => leavesOf(split(piece.replace(/^\r\n/, ''))));
}

function decodeBody({ headers, body }: Part): string {
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase();
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return Buffer.from(body, 'latin1').toString('utf8');
  return decodeQuoted(body.replaceAll(/=\r\n/g, ''));
}

function decodeQuoted(text: string): string {
  const bytes = text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Decodes the words of RFC 2047. A character may be split between two of them. */
function decodeWords(value: string): string {
  const joined = value.replaceAll(/(=\?[^?]+\?[BQ]\?[^?]*\?=)\s+(?==\?)/gi, '$1');
  return joined.replaceAll(/(?:=\?utf-8\?[BQ]\?[^?]*\?=)+/gi, (words) => {
    const chunks = [...words.matchAll(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi)].map(
      ([, how, text = '']) => {
        if (how?.toUpperCase() === 'B') return Buffer.from(text, 'base64');
        const quoted = text
          .replaceAll('_', ' ')
          .replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) =>
            String.fromCharCode(Number.parseInt(hex, 16)),
          );
        return Buffer.from(quoted, 'latin1');
      },
    );
    return Buffer.concat(chunks).toString('utf8');
  });
}
