import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Levels that `--log-level` takes, most talkative first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * A logger of JSON lines on standard error. Messages are constant and in lower case; what varies is a field:
 * `node pool ip pod podUid containerId ifName command attempt durationMs err`.
 *
 * @param destination where lines go; standard error when absent
 */
export function createLogger(
  fields: Readonly<Record<string, string>>,
  level: LogLevel,
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  const options = {
    level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
  };
  return pino(options, destination);
}

/** The name that an error gives itself: that of its class does not outlive the bundler. */
function describeError(error: Error): object {
  const described = pino.stdSerializers.err(error);
  return error instanceof Error ? { ...described, type: error.name } : described;
}
