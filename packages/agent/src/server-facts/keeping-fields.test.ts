import type { IPPoolSpec } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { poolOf, watchedPool } from "../testing/objects.ts";
import { refuseUnwatched } from "./keeping-fields.ts";

const KEEPING: readonly (readonly [Partial<IPPoolSpec>, string])[] = [
  [{ coolDownSeconds: 30 }, "spec.coolDownSeconds is 30"],
  [{ retain: { policy: "Always", seconds: 60 } }, 'spec.retain is {"policy":"Always","seconds":60}'],
  [{ retain: { policy: "StatefulSet", seconds: 60 } }, "spec.retain is"],
  [{ coolDownSeconds: 30, retain: { policy: "Always", seconds: 60 } }, "spec.coolDownSeconds is 30"],
];

test.each(KEEPING)("a pool with %j is refused where no controller has looked at it", (spec, fragment) => {
  const refuse = (): void => refuseUnwatched(poolOf("lan", ["10.0.0.0/24"], spec));
  expect(refuse).toThrow(expect.objectContaining({ code: "bad-config" }));
  expect(refuse).toThrow(`pool lan: ${fragment}`);
  expect(refuse).toThrow("no controller has looked at the pool");
  expect(() => refuseUnwatched(watchedPool("lan", ["10.0.0.0/24"], spec))).not.toThrow();
});

test.each([[{}], [{ retain: { policy: "None" } }]] as const)("a pool with %j needs no controller", (spec) => {
  expect(() => refuseUnwatched(poolOf("lan", ["10.0.0.0/24"], spec))).not.toThrow();
});
