import { FAMILIES, releasedLease } from "@cluster-ipam/allocator/testing";
import type { KubeEvent } from "@cluster-ipam/kube";
import { createLogger } from "@cluster-ipam/telemetry";
import { expect, test } from "vitest";
import { leaseOf } from "../testing/facts.ts";
import { GarbageJournal } from "./garbage-journal.ts";

test.for(FAMILIES)("the log has the address of a lease of $family that goes or stays", ({ network }) => {
  const lines: string[] = [];
  const events: KubeEvent[] = [];
  const journal = new GarbageJournal({
    log: createLogger({}, "debug", { write: (line) => void lines.push(line) }),
    events: { tell: (event) => void events.push(event) },
    meter: { garbageFound: () => undefined, garbageRoundEnded: () => undefined, garbageBraked: () => undefined },
    isDryRun: false,
  });
  journal.leaseReleased(releasedLease(network.at(2)), { name: "n1", cause: "node-absent", reason: "n1 is gone" });
  journal.leaseKept(leaseOf(network.at(3)), "its pod is there");
  expect(lines.map((line) => (JSON.parse(line) as { ip: string }).ip)).toEqual([network.at(2), network.at(3)]);
  expect(events).toMatchObject([
    { regarding: { name: network.nameAt(2) }, note: expect.stringContaining(`${network.at(2)} was given back`) },
  ]);
});
