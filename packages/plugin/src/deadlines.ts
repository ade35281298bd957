import type { Command } from "@cluster-ipam/cni";

/** How long one command waits for the agent, counted from the start of the exchange. */
export interface Deadlines {
  /** For somebody to listen on the socket: long enough for an agent that is being replaced. */
  readonly connectForMs: number;
  /** For the whole answer, connecting included. */
  readonly answerWithinMs: number;
}

// A runtime that waits longer than 20 s for a plugin makes things worse; what is missing to that is for the process.
const CALL: Deadlines = { connectForMs: 3000, answerWithinMs: 19_500 };

// STATUS is asked on every status of the runtime and must answer within a second.
const STATUS: Deadlines = { connectForMs: 500, answerWithinMs: 900 };

/** The deadlines of each command. */
export const DEADLINES: Readonly<Record<Command, Deadlines>> = { ADD: CALL, DEL: CALL, CHECK: CALL, STATUS, GC: CALL };
