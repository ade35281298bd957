import { beforeEach, describe, expect, test } from "vitest";
import { ELECTION } from "./election-timing.ts";
import { ElectionWorld, LOST, PROMPT, UNHEARD } from "./testing/election-world.ts";
import type { MemoryLease } from "./testing/memory-lease.ts";
import type { VirtualTime } from "./testing/virtual-time.ts";

let world: ElectionWorld;
let time: VirtualTime;
let lease: MemoryLease;

beforeEach(() => {
  world = new ElectionWorld();
  ({ time, lease } = world);
});

describe("the end", () => {
  test("gives the lead up once the work has ended, and another one has it within two seconds", async () => {
    const a = await world.leader();
    const b = world.replica("b");
    await time.advance(5_000);
    a.shutDown();
    await time.advance(10);
    expect(a.notes.slice(-3)).toEqual(["leads no more: shutdown", "work ended", "ended"]);
    expect(lease.spec).toMatchObject({ holderIdentity: "", leaseTransitions: 5 });
    await time.advance(2_000);
    expect(b.isLeading).toBe(true);
    expect(lease.spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 6 });
  });

  test("does not give the lead up while the work still runs", async () => {
    world.unheld();
    const a = world.replica("a");
    const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
    a.lead = () => isOver;
    await time.advance(5_000);
    a.shutDown();
    await time.advance(5_000);
    expect(lease.spec).toMatchObject({ holderIdentity: "a" });
    end();
    await time.advance(10);
    expect(lease.spec).toMatchObject({ holderIdentity: "" });
    expect(a.notes.at(-1)).toBe("ended");
  });

  test("gives the lead up though a renewal is under way whose answer gets lost", async () => {
    const a = await world.leader();
    let puts = 0;
    a.fate = ({ method }) => (method === "PUT" && ++puts === 1 ? UNHEARD : PROMPT);
    await world.until(() => puts > 0);
    a.shutDown();
    await time.advance(4_000);
    expect(a.notes.at(-1)).toBe("ended");
    expect(lease.spec).toMatchObject({ holderIdentity: "" });
  });

  test("leaves a Lease to its time that was made anew meanwhile", async () => {
    const a = await world.leader();
    a.fate = ({ method }) => {
      if (method === "PUT" && lease.spec?.["holderIdentity"] === "a" && a.isLeading) {
        lease.remove();
        lease.put({ holderIdentity: "a" });
        a.shutDown();
      }
      return PROMPT;
    };
    await time.advance(5_000);
    expect(a.notes.at(-1)).toBe("ended");
    expect(lease.spec).toEqual({ holderIdentity: "a" });
  });

  test("takes a few seconds at most while the server is away, and says that the lead was not given up", async () => {
    const a = await world.leader();
    a.fate = () => LOST;
    await time.advance(1_500);
    a.shutDown();
    await time.advance(2 * ELECTION.requestTimeoutMs);
    expect(a.notes.slice(-2)).toEqual([
      "try failed: the lead could not be given up; another one gets it when it has run out",
      "ended",
    ]);
  });

  test("of a standby touches nothing", async () => {
    await world.leader();
    const b = world.replica("b");
    await time.advance(5_000);
    const before = lease.spec?.["holderIdentity"];
    b.shutDown();
    await time.advance(10);
    expect(b.notes).toEqual(["holder: a", "ended"]);
    expect(lease.spec?.["holderIdentity"]).toBe(before);
  });

  test("in the moment of the election gives the lead up again, without any work", async () => {
    world.unheld();
    const a = world.replica("a");
    a.fate = ({ method }) => {
      if (method === "PUT") a.shutDown();
      return PROMPT;
    };
    await time.advance(1_000);
    expect(a.notes).toEqual(["ended"]);
    expect(lease.spec).toMatchObject({ holderIdentity: "" });
  });

  test("comes with the failure of the work, told, and the lead is given up", async () => {
    world.unheld();
    const a = world.replica("a");
    a.lead = () => Promise.reject(new TypeError("oops"));
    await time.advance(100);
    expect(a.notes).toEqual(["leads", "work began", "leads no more: work-ended", "failed: oops"]);
    expect(lease.spec).toMatchObject({ holderIdentity: "" });
  });

  test("comes with work that ends by itself, which is a failure too", async () => {
    world.unheld();
    const a = world.replica("a");
    a.lead = () => Promise.resolve();
    await time.advance(100);
    expect(a.notes.at(-1)).toBe("failed: what the leader does ended by itself");
  });

  test("is no failure where the work ends with the reason of its signal, but is with any other error", async () => {
    const endings: (readonly string[])[] = [];
    for (const error of [undefined, new Error("could not tidy up")]) {
      world.unheld();
      const own = world.replica(`own-${endings.length}`);
      own.lead = (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(error ?? (signal.reason as Error)));
        });
      await time.advance(100);
      own.shutDown();
      await time.advance(100);
      endings.push(own.notes.slice(-1));
    }
    expect(endings).toEqual([["ended"], ["failed: could not tidy up"]]);
  });
});
