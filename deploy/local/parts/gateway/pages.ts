import { quote } from './answers.ts';

/** Copies of one form: megabytes of all, bytes of the largest, and seconds they are kept. */
const CACHE = { totalMegabytes: 16, maxBytes: 4_000_000, maxAgeSeconds: 300 } as const;

/** `Accept-Encoding` with gzip, without a weight or with one above zero. */
const TAKES_GZIP = String.raw`(^|,)\s*gzip\s*(;\s*q=(1(\.0*)?|0?\.\d*[1-9]\d*)\s*)?(,|$)`;

/** The forms in which a page is kept. */
const FORMS = [
  { cache: 'zipped_pages', condition: 'takes_gzip', encoding: 'gzip' },
  { cache: 'plain_pages', condition: '!takes_gzip', encoding: 'identity' },
] as const;

/**
 * The sections that hold copies of pages. Each form has its own: HAProxy would give the compressed
 * copy to whom names no encoding, and the plain one to everybody once that is kept.
 */
export const PAGE_CACHES = FORMS.map(
  ({ cache }) => `cache ${cache}
  total-max-size ${CACHE.totalMegabytes}
  max-object-size ${CACHE.maxBytes}
  max-age ${CACHE.maxAgeSeconds}
  process-vary on`,
).join('\n\n');

/** Rules that answer what `is_page` names from a copy, and keep one. */
export const PAGE_RULES = [
  `acl takes_gzip req.fhdr(Accept-Encoding) -m reg -i ${quote(TAKES_GZIP)}`,
  ...FORMS.flatMap(({ cache, condition, encoding }) => [
    `http-request set-var(txn.page_form) str(${encoding}) if is_page ${condition}`,
    `http-request cache-use ${cache} if is_page ${condition}`,
    `http-response cache-store ${cache} if { var(txn.page_form) -m str ${encoding} }`,
  ]),
  'http-request set-header Accept-Encoding %[var(txn.page_form)] if is_page',
]
  .map((rule) => `  ${rule}`)
  .join('\n');
