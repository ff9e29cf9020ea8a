/** Series over time, in promtool's notation: `1+2x3` is 1 3 5 7, a sample in each interval. */
export type TestSeries = Readonly<Record<string, string>>;

/** What an alert must do. */
export type AlertCase = {
  readonly alert: string;
  /** With these series the alert fires, with these labels besides its own. */
  readonly fires: TestSeries;
  readonly labels?: Readonly<Record<string, string>>;
  /** With these series it fires with the same labels. */
  readonly alsoFires?: TestSeries;
  /** With each of these sets of series it does not. */
  readonly silent: readonly TestSeries[];
  /** Minutes after the start at which it is looked at; 20 if left out. */
  readonly atMinutes?: number;
  /** Seconds between two samples; 60 if left out. */
  readonly everySeconds?: number;
};
