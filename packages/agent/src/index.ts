export { Agent, type AgentHealth, type CallAnswer } from "./agent.ts";
export type { AgentDeps } from "./agent-context.ts";
export { NodeSandboxes, type Sandbox, type Sandboxes } from "./sandbox.ts";
export { createServer } from "./server.ts";
export { listenOn, lockNode } from "./socket.ts";
export type { Spool, SpooledFile } from "./spool.ts";
export { SpoolFolder } from "./spool-folder.ts";
