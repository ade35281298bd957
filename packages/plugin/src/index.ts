export { DEADLINES, type Deadlines } from "./deadlines.ts";
export type { Awaitable, BootTime, ExchangeCall, ExchangeOutcome, Host } from "./host.ts";
export { type PluginOptions, runPlugin } from "./plugin.ts";
