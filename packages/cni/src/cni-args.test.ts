import { expect, test } from "vitest";
import { decodeCniArgs, podFromArgs, salvageCniArgs } from "./cni-args.ts";

const CONTAINERD =
  "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=abc;K8S_POD_UID=u-1";

test("what containerd sends names the pod", () => {
  expect(podFromArgs(decodeCniArgs(CONTAINERD))).toEqual({ namespace: "shop", name: "web-0", uid: "u-1" });
});

test("a runtime that sends no uid leaves it empty", () => {
  expect(podFromArgs(decodeCniArgs("K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0"))?.uid).toBe("");
});

test.for(["", "IP=10.0.0.5", "K8S_POD_NAME=web-0", "K8S_POD_NAMESPACE=shop", "K8S_POD_NAMESPACE=;K8S_POD_NAME=web-0"])(
  "%j names no pod",
  (text) => {
    expect(podFromArgs(decodeCniArgs(text))).toBeUndefined();
  },
);

test.for([
  ["IP=10.0.0.5", "10.0.0.5"],
  ["IP=fd00::5/64;MAC=02:00:00:00:00:01;GATEWAY=fd00::1", "fd00::5/64"],
  ["IP=10.0.0.5;IP=10.0.0.6", "10.0.0.6"],
  ["IP=", ""],
  ["ip=10.0.0.5;IgnoreUnknown=True", undefined],
] as const)("IP of %j is %j", ([text, expected]) => {
  expect(decodeCniArgs(text).get("IP")).toBe(expected);
});

test.for([
  ["IP", '"IP"'],
  ["IP=10.0.0.5;", '""'],
  ["IgnoreUnknown=1;IP=a=b", '"IP=a=b"'],
  [";", '""'],
  ["IPS=10.0.0.5", '"IPS"'],
  ["ip=10.0.0.5;IgnoreUnknown=0", '"ip"'],
  ["FOO=1;IP=10.0.0.5;BAR=2", '"FOO", "BAR"'],
  ["IgnoreUnknown=yes", "IgnoreUnknown=yes"],
] as const)("%j is refused by name", ([text, named]) => {
  expect(() => decodeCniArgs(text)).toThrow(
    expect.objectContaining({ code: "bad-environment", message: expect.stringContaining(named) }),
  );
});

test("with IgnoreUnknown a key that only another plugin knows is kept", () => {
  expect(decodeCniArgs("FOO=1;IgnoreUnknown=true").get("FOO")).toBe("1");
});

test("what can be read is saved from malformed arguments", () => {
  const args = salvageCniArgs("K8S_POD_NAMESPACE=shop;=;broken;a=b=c;K8S_POD_NAME=web-0;");
  expect(podFromArgs(args)).toEqual({ namespace: "shop", name: "web-0", uid: "" });
});

test.for([
  ["unknown keys without end", Array.from({ length: 5_000 }, (_, index) => `KEY_${index}=1`).join(";")],
  ["a value without end", `IgnoreUnknown=${"x".repeat(100_000)}`],
  ["a value of two lines", "IgnoreUnknown=a\nb"],
  ["a pod's name that Kubernetes has no room for", `K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${"x".repeat(254)}`],
  ["a namespace that Kubernetes has no room for", `K8S_POD_NAMESPACE=${"x".repeat(64)};K8S_POD_NAME=web-0`],
  ["a uid that is none", `K8S_POD_UID=${"x".repeat(129)}`],
] as const)("%s: the message fits the event of a pod, in one line", ([, text]) => {
  expect(() => decodeCniArgs(text)).toThrow(/^.{1,1024}$/);
});

test("the longest names of Kubernetes pass", () => {
  const [namespace, name, uid] = ["n".repeat(63), "p".repeat(253), "u".repeat(128)];
  const args = decodeCniArgs(`K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_UID=${uid}`);
  expect(podFromArgs(args)).toEqual({ namespace, name, uid });
});
