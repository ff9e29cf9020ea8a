/** Puts a password into a Postgres URL, because the driver lets a URL without one override it. */
export function addPassword(url: string, password: string): string {
  const complete = new URL(url);
  complete.password = encodeURIComponent(password);
  return complete.href;
}
