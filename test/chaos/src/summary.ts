import type { Tally } from "./tally.ts";

/** What one scenario was, in numbers. */
export interface Summary {
  readonly name: string;
  readonly tally: Tally;
  /** Agents that were killed. */
  readonly kills: number;
  /** Creates that found their address taken. */
  readonly conflicts: number;
  readonly seconds: number;
}

/** What has been done since `before`. */
export function tallySince(before: Tally, now: Tally): Tally {
  return {
    adds: now.adds - before.adds,
    dels: now.dels - before.dels,
    checks: now.checks - before.checks,
    refused: now.refused - before.refused,
    killedCalls: now.killedCalls - before.killedCalls,
    repeated: now.repeated - before.repeated,
    vanished: now.vanished - before.vanished,
  };
}

/** One line. */
export function formatSummary({ name, tally, kills, conflicts, seconds }: Summary): string {
  const { adds, dels, checks, refused, killedCalls, repeated, vanished } = tally;
  const parts = [
    `${adds} ADDs`,
    `${dels} DELs`,
    `${checks} CHECKs`,
    `${refused} refused`,
    `${killedCalls + repeated} plugins killed`,
    `${vanished} sandboxes gone without DEL`,
    `${kills} agents killed`,
    `${conflicts} conflicts`,
    `${seconds.toFixed(0)} s`,
  ];
  return `${name}: ${parts.join(", ")}`;
}
