/** The caller's variables that every program of Zameni gets besides its own. */
const PASSED_ON = /^(?:OTEL_\w+|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|HOME|TMPDIR)$/;

/** Zameni's settings that a caller may set for the whole stack, and the programs that use them. */
const SETTINGS = {
  attempts: /^ZAMENI_ATTEMPT_LIFETIME_SECONDS$/,
  room: /^ZAMENI_(?:MAX_LIVE_ATTEMPTS|ATTEMPTS_LOG_PERCENT|VOUCHED_LOG_PERCENT)$/,
  logs: /^ZAMENI_LOG_(?:LEVEL|REQUESTS)$/,
  commandLimits: /^ZAMENI_LIMIT_(?:CLIENT|DESTRUCTIVE)$/,
  readLimits: /^ZAMENI_LIMIT_(?:NETWORK|CALLER)_READS$/,
  mail: /^ZAMENI_MAIL_(?:BASE_URL|PRODUCT|FROM|LINK_LIFETIME_SECONDS|BUDGET|START)$/,
} as const;

/** Returns the caller's variables for a program, including the settings that it uses. */
export function passedOn(
  environment: NodeJS.ProcessEnv,
  settings: readonly (keyof typeof SETTINGS)[],
): Record<string, string> {
  const wanted = [PASSED_ON, ...settings.map((name) => SETTINGS[name])];
  const entries = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && wanted.some((expression) => expression.test(name))
      ? [[name, value] as const]
      : [],
  );
  return Object.fromEntries(entries);
}
