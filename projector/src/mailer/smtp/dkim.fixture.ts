import { createHash, type KeyObject, verify } from 'node:crypto';

/** The tags of a mail's DKIM signature, and whether it holds. */
export type DkimCheck = { readonly tags: ReadonlyMap<string, string>; readonly isValid: boolean };

/** Checks the first DKIM signature of a mail (RFC 6376, relaxed/relaxed), without DNS. */
export function checkDkim(source: string, publicKey: KeyObject): DkimCheck {
  const end = source.indexOf('\r\n\r\n');
  const fields = source
    .slice(0, end)
    .split(/\r\n(?![ \t])/)
    .map((line) => ({ name: line.slice(0, line.indexOf(':')).toLowerCase(), line }));
  const signature = fields.find(({ name }) => name === 'dkim-signature');
  if (signature === undefined) return { tags: new Map(), isValid: false };
  const tags = new Map(
    relax(signature.line)
      .slice('dkim-signature:'.length)
      .split(';')
      .map((tag): [string, string] => {
        const at = tag.indexOf('=');
        return [tag.slice(0, at).trim(), tag.slice(at + 1).replaceAll(' ', '')];
      }),
  );
  const signed = (tags.get('h') ?? '').split(':').map((name) => {
    const field = fields.findLast((one) => one.name === name.toLowerCase());
    return field === undefined ? '' : `${relax(field.line)}\r\n`;
  });
  const unsigned = relax(signature.line.replace(/(;\s*b=)[\s\S]*$/, '$1'));
  const body = relaxBody(source.slice(end + 4));
  const isBodyValid = createHash('sha256').update(body).digest('base64') === tags.get('bh');
  const isValid = verify(
    'sha256',
    Buffer.from(signed.join('') + unsigned),
    publicKey,
    Buffer.from(tags.get('b') ?? '', 'base64'),
  );
  return { tags, isValid: isValid && isBodyValid };
}

function relax(line: string): string {
  const at = line.indexOf(':');
  const value = line
    .slice(at + 1)
    .replaceAll('\r\n', '')
    .replaceAll(/[ \t]+/g, ' ');
  return `${line.slice(0, at).trim().toLowerCase()}:${value.trim()}`;
}

function relaxBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replaceAll(/[ \t]+/g, ' ').replace(/ $/, ''));
  return lines.join('\r\n').replace(/(?:\r\n)*$/, '\r\n');
}
