import { setTimeout as delay } from "node:timers/promises";
import { median, timed } from "./statistics.ts";
import type { SubjectName, Subjects } from "./subjects.ts";

/** Counts of one run; bounded, so that it takes minutes and the machine's clock speed stays what it was. */
export const COUNTS = { rounds: 300, warmUpRounds: 60, coldSamples: 3, coldIdleMs: 60_000, burstRounds: 7 } as const;

/** One number, or more, for each subject. */
export type BySubject<T> = Readonly<Record<SubjectName, T>>;

/** Milliseconds of each subject, all in turn, round by round: what the machine does meanwhile hits each alike. */
export async function measureInterleaved(subjects: Subjects): Promise<BySubject<readonly number[]>> {
  const samples = bySubject((): number[] => []);
  for (let round = -COUNTS.warmUpRounds; round < COUNTS.rounds; round += 1) {
    for (const name of names(subjects)) {
      const durationMs = await timed(subjects[name].once);
      if (round >= 0) samples[name].push(durationMs);
    }
  }
  return samples;
}

/** ADDs of an agent that has been idle: it no longer trusts what it knows of the pool, and reads it again. */
export async function measureCold(subjects: Subjects): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let sample = 0; sample < COUNTS.coldSamples; sample += 1) {
    await delay(COUNTS.coldIdleMs);
    samples.push(await timed(subjects.socket.once));
  }
  return samples;
}

/** Calls a second of each subject's burst, in interleaved rounds; the median round counts. */
export async function measureBursts(subjects: Subjects): Promise<BySubject<number>> {
  const rates = bySubject((): number[] => []);
  for (let round = 0; round < COUNTS.burstRounds; round += 1) {
    for (const name of names(subjects)) {
      rates[name].push(await subjects[name].burst());
    }
  }
  return bySubject((name) => median(rates[name]));
}

function bySubject<T>(value: (name: SubjectName) => T): Record<SubjectName, T> {
  return {
    empty: value("empty"),
    post: value("post"),
    socket: value("socket"),
    instant: value("instant"),
    plugin: value("plugin"),
    hostLocal: value("hostLocal"),
  };
}

function names(subjects: Subjects): readonly SubjectName[] {
  return Object.keys(subjects) as SubjectName[];
}
