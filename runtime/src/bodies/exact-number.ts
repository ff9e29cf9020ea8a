/**
 * Whether a JSON number keeps its value: as a double, as the text that is made of it again, and so
 * in every store. `9007199254740993`, `0.30000000000000001` and `1e400` do not, and `-0` loses its
 * sign in Postgres. `1.50` and `15e-1` are other texts of one value, which is kept.
 */
export function isExactNumber(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  // Up to 15 digits every decimal number has a double of its own (IEEE 754).
  if (/^(?:[1-9]\d{0,14}|0)$/.test(text)) return true;
  return toDecimal(text) === toDecimal(String(value));
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** A number as sign, digits without zeros at either end, and the power of ten of the last digit. */
function toDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const written = `${whole}${fraction}`;
  const digits = written.replace(/^0+/, '');
  const kept = withoutLastZeros(digits);
  if (kept === '') return `${sign}0`;
  return `${sign}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}

/** A loop, because an expression for it would take quadratic time. */
function withoutLastZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charAt(end - 1) === '0') end -= 1;
  return digits.slice(0, end);
}
