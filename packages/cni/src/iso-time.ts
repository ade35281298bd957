const MS_PER_DAY = 86_400_000;
/** From the first of March of the year 0 to the first of January of 1970. */
const DAYS_TO_1970 = 719_468;
const DAYS_PER_ERA = 146_097;
const YEARS_PER_ERA = 400;

/**
 * A moment as ISO 8601 writes it, in UTC and to the millisecond. For years from 0 to 9999.
 *
 * Of its own, since the plugin's engine is one without dates. The calendar is Howard Hinnant's "days from civil", turned
 * round: https://howardhinnant.github.io/date_algorithms.html#civil_from_days. Years begin in March there, so that the
 * day that only some of them have is the last one.
 *
 * @param epochMs milliseconds since 1970
 */
export function isoTime(epochMs: number): string {
  const wholeMs = Math.floor(epochMs);
  const days = Math.floor(wholeMs / MS_PER_DAY);
  const msOfDay = wholeMs - days * MS_PER_DAY;
  const [hour, minute, second] = [3_600_000, 60_000, 1_000].map((unit, at) =>
    digits(Math.floor(msOfDay / unit) % (at === 0 ? 24 : 60), 2),
  );
  return `${dateOf(days + DAYS_TO_1970)}T${hour}:${minute}:${second}.${digits(msOfDay % 1_000, 3)}Z`;
}

function dateOf(days: number): string {
  const era = Math.floor(days / DAYS_PER_ERA);
  const dayOfEra = days - era * DAYS_PER_ERA;
  const leapDays = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const daysBefore = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - daysBefore;
  // 0 is March.
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
  const isNextYear = month >= 10;
  const year = yearOfEra + era * YEARS_PER_ERA + (isNextYear ? 1 : 0);
  return `${digits(year, 4)}-${digits(isNextYear ? month - 9 : month + 3, 2)}-${digits(day, 2)}`;
}

function digits(value: number, count: number): string {
  return value.toString().padStart(count, "0");
}
