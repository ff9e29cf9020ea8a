import type { AppError } from '../../errors.ts';

/**
 * The `WWW-Authenticate` of an answer (RFC 6750 section 3): why the token does not do. A request
 * without a bearer token gets no error, because it says only how to authenticate.
 */
export function challengeOf(
  { code, missingScope }: Pick<AppError, 'code' | 'missingScope'>,
  authorization: string | undefined,
): string | undefined {
  if (code === 'unauthorized') {
    const isBearer = /^Bearer\b/i.test(authorization ?? '');
    return isBearer ? 'Bearer error="invalid_token"' : 'Bearer';
  }
  if (code !== 'forbidden' || missingScope === undefined) return undefined;
  return `Bearer error="insufficient_scope", scope="${missingScope}"`;
}
