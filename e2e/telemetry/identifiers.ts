const FORMS = [
  // A UUID, also without its hyphens; an id of a trace, a digest in hexadecimal.
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i,
  /(?:^|[^0-9a-z])[0-9a-f]{16,}(?:[^0-9a-z]|$)/i,
  // A signed token, and a digest or a key in base64url.
  /[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,}/,
  /(?:^|[^\w-])(?=[\w-]*[0-9])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{22,}(?:[^\w-]|$)/,
  // A network address that is not of this machine.
  /\b(?!127\.)(?:\d{1,3}\.){3}\d{1,3}\b/,
] as const;

/** A signed token (JWT), whole or cut off: callers' and those of links are of this form. */
const TOKEN = /\beyJ[\w-]{8,}\.[\w-]{8,}/;

/** Whether there is a token in a text. Log lines may hold ids of traces and of records. */
export function looksLikeToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether a text has the form of an id, a digest, a token or a network address. */
export function looksLikeId(text: string): boolean {
  return FORMS.some((form) => form.test(text));
}
