export { absolutePath, oneOf, readAs } from "./flag-value.ts";
export { type FlagOptions, parseFlags } from "./flags.ts";
export { UsageError } from "./usage-error.ts";
