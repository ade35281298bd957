import { setTimeout as delay } from "node:timers/promises";
import { median, throughput, timed } from "./statistics.ts";
import type { SubjectName, Subjects } from "./subjects.ts";

/** Counts of one run; bounded, so that it takes minutes and the machine's clock speed stays what it was. */
export const COUNTS = { rounds: 300, warmUpRounds: 60, coldSamples: 3, coldIdleMs: 60_000, burstRounds: 7 } as const;

/** How many calls of a burst are under way at any time: as many as an agent has connections, or as a node starts pods. */
export const PARALLEL: Readonly<Record<SubjectName, number>> = {
  empty: 50,
  post: 64,
  socket: 64,
  instant: 50,
  plugin: 50,
  hostLocal: 50,
};

/** Calls of one burst: enough that its beginning and its end weigh little. */
const BURST_CALLS: Readonly<Record<SubjectName, number>> = {
  empty: 200,
  post: 640,
  socket: 640,
  instant: 200,
  plugin: 200,
  hostLocal: 200,
};

/** One number, or more, for each subject. */
export type BySubject<T> = Readonly<Record<SubjectName, T>>;

/** Milliseconds of each subject, all in turn, round by round: what the machine does meanwhile hits each alike. */
export async function measureInterleaved(subjects: Subjects): Promise<BySubject<readonly number[]>> {
  const samples = bySubject((): number[] => []);
  for (let round = -COUNTS.warmUpRounds; round < COUNTS.rounds; round += 1) {
    for (const name of names(subjects)) {
      const durationMs = await timed(subjects[name]);
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
    samples.push(await timed(subjects.socket));
  }
  return samples;
}

/** Calls a second with as many under way as {@link PARALLEL} says, in interleaved rounds; the median round counts. */
export async function measureBursts(subjects: Subjects): Promise<BySubject<number>> {
  const rates = bySubject((): number[] => []);
  for (let round = 0; round < COUNTS.burstRounds; round += 1) {
    for (const name of names(subjects)) {
      const tasks = Array.from({ length: BURST_CALLS[name] }, () => subjects[name]);
      rates[name].push(await throughput(tasks, PARALLEL[name]));
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
