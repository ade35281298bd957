const DIGITS = /^\d{1,6}$/;
const MS_PER_S = 1_000;

/** What the header Retry-After asks for, where it gives seconds. */
export function retryAfterMsOf(headers: Readonly<Record<string, unknown>>): number | undefined {
  const value = headers["retry-after"];
  return typeof value === "string" && DIGITS.test(value) ? Number(value) * MS_PER_S : undefined;
}
