import type { Faulted, Scenario } from "../scenario.ts";
import type { StateDisk } from "../state-disk.ts";
import { killOneAgent } from "./agent-kills.ts";
import { pauseServer } from "./api-server.ts";

/** Long enough for DELs to need the spool. */
const SERVER_PAUSE_MS = 2_500;

/** The state folder of one node is full, that of the other read-only, while DELs need it. */
export const BAD_DISKS: Scenario = {
  name: "state folder full or read-only",
  run: async (faulted) => {
    const { disks, scale } = faulted;
    try {
      await Promise.all(disks.map((disk, index) => spoil(disk, index % 2 === 0)));
      await struggle(faulted, scale.badDiskMs);
      await Promise.all(disks.map((disk) => disk.restore()));
      await Promise.all(disks.map((disk, index) => spoil(disk, index % 2 === 1)));
      await struggle(faulted, scale.badDiskMs);
    } finally {
      await Promise.all(disks.map((disk) => disk.restore()));
    }
  },
};

async function spoil(disk: StateDisk, isFull: boolean): Promise<void> {
  await (isFull ? disk.fill() : disk.makeReadOnly());
}

async function struggle(faulted: Faulted, timeMs: number): Promise<void> {
  const endsAtMs = performance.now() + timeMs;
  while (performance.now() < endsAtMs) {
    await pauseServer(faulted, SERVER_PAUSE_MS);
    await killOneAgent(faulted);
    await faulted.sleep(SERVER_PAUSE_MS);
  }
}

/** One disk takes no write for a while. */
export async function spoilOneDisk({ disks, dice, sleep }: Faulted, timeMs: number): Promise<void> {
  const disk = dice.pick(disks);
  await spoil(disk, dice.happens(0.5));
  try {
    await sleep(timeMs);
  } finally {
    await disk.restore();
  }
}
