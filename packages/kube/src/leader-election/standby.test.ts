import { beforeEach, describe, expect, test } from "vitest";
import { ELECTION } from "./election-timing.ts";
import { ElectionWorld, LOST, PROMPT, UNHEARD } from "./testing/election-world.ts";
import type { MemoryLease } from "./testing/memory-lease.ts";
import { failed } from "./testing/simulated-replica.ts";
import type { VirtualTime } from "./testing/virtual-time.ts";

let world: ElectionWorld;
let time: VirtualTime;
let lease: MemoryLease;

beforeEach(() => {
  world = new ElectionWorld();
  ({ time, lease } = world);
});

describe("a standby", () => {
  test("leads when it has not seen a change for fifteen seconds by its own clock, whatever times were written", async () => {
    const a = await world.leader();
    const b = world.replica("b");
    await time.advance(10_000);
    a.kill();
    const killedAtMs = time.nowMs;
    await world.until(() => b.isLeading);
    const afterMs = time.nowMs - killedAtMs;
    expect(afterMs).toBeGreaterThan(ELECTION.leaseDurationMs - ELECTION.retryPeriodMs);
    expect(afterMs).toBeLessThan(ELECTION.leaseDurationMs + ELECTION.retryPeriodMs + 200);
    expect(lease.spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 6 });
  });

  test.each(["1970-01-01T00:00:00.000000Z", "2999-12-31T23:59:59.000000Z", "soon"])(
    "that starts beside a holder it has never seen waits the whole time, though that renewed at %s",
    async (renewTime) => {
      lease.put({ holderIdentity: "z", leaseDurationSeconds: 15, renewTime });
      const b = world.replica("b");
      await time.advance(14_900);
      expect(b.isLeading).toBe(false);
      await time.advance(200);
      expect(b.isLeading).toBe(true);
    },
  );

  test.each([
    [40, 40],
    [1, 15],
    [-5, 15],
    [null, 15],
    ["9", 15],
  ])("waits as long as the holder asks for, and never less than we would ask: %j", async (asked, expectedS) => {
    lease.put({ holderIdentity: "z", leaseDurationSeconds: asked });
    const b = world.replica("b");
    await time.advance(expectedS * 1_000 - 100);
    expect(b.isLeading).toBe(false);
    await time.advance(200);
    expect(b.isLeading).toBe(true);
  });

  test("begins to count anew with any change of the object, even one that changes no word of it", async () => {
    lease.put({ holderIdentity: "z" });
    const b = world.replica("b");
    await time.advance(10_000);
    lease.put({ holderIdentity: "z" });
    await time.advance(14_000);
    expect(b.isLeading).toBe(false);
  });

  test("leaves the Lease to who was faster, and counts anew", async () => {
    lease.put({ holderIdentity: "z" });
    const [b, c] = [world.replica("b"), world.replica("c")];
    await time.advance(20_000);
    expect([b.isLeading, c.isLeading]).toEqual([true, false]);
    expect(c.notes).toEqual(["holder: z", "holder: b"]);
  });

  test("does not lead by an answer that was under way for too long", async () => {
    world.unheld();
    const a = world.replica("a");
    a.fate = ({ method }) => {
      if (method === "PUT") a.stop();
      return PROMPT;
    };
    await time.advance(60_000);
    a.fate = () => LOST;
    await a.goOn(() => expect(a.isLeading).toBe(false));
    expect(a.notes).not.toContain("leads");
  });

  test("takes the lead again that it got by a request without an answer", async () => {
    world.unheld();
    const a = world.replica("a");
    let puts = 0;
    a.fate = ({ method }) => (method === "PUT" && ++puts === 1 ? UNHEARD : PROMPT);
    await time.advance(10_000);
    expect(a.isLeading).toBe(true);
  });

  test("tells a holder again that has led before", async () => {
    lease.put({ holderIdentity: "z" });
    const b = world.replica("b");
    await time.advance(16_000);
    lease.put({ holderIdentity: "z" });
    await time.advance(5_000);
    expect(b.notes.filter((note) => note === "holder: z")).toHaveLength(2);
  });

  test("is no standby before the server has shown it a Lease", async () => {
    const b = world.replica("b");
    b.fate = ({ method }) => (method === "GET" ? PROMPT : { ...PROMPT, answer: failed("403") });
    await time.advance(20_000);
    expect(b.elector.state).toEqual({ kind: "starting" });
    b.fate = () => PROMPT;
    await time.advance(2_100);
    expect(b.elector.state).toEqual({ kind: "standby", holder: "b" });
  });
});
