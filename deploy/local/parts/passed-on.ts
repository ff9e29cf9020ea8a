/** Which of the caller's variables every program of ours may see besides its own. */
const PASSED_ON = /^(?:OTEL_\w+|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|HOME|TMPDIR)$/;

/** Which settings of ours a caller may give to the whole stack, where they mean something. */
const SETTINGS = {
  attempts: /^ZAMENI_ATTEMPT_LIFETIME_SECONDS$/,
  room: /^ZAMENI_(?:MAX_LIVE_ATTEMPTS|ATTEMPTS_LOG_PERCENT|VOUCHED_LOG_PERCENT)$/,
  logs: /^ZAMENI_LOG_LEVEL$/,
} as const;

/** The caller's variables that a program is given, with the settings that are meant for it. */
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
