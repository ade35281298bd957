import { isIP } from "node:net";
import { isObject, versionAtLeast } from "@cluster-ipam/cni";
import { CATALOGUE, type ErrorCode } from "@cluster-ipam/errors";
import { expect } from "vitest";

type Fields = Readonly<Record<string, unknown>>;

/** What nobody outside may ever read: the inside of a program. */
const LEAKS: readonly RegExp[] = [
  /\bat .+:\d+:\d+/,
  /\.[cm]?[jt]s\b/,
  /node_modules/,
  /\bundefined\b/,
  /\[object \w+\]/,
  /\bNaN\b/,
  /is not a function|Cannot read propert|is not iterable|Maximum call stack/,
];

/** Longest message that still fits the event of a pod (events of Kubernetes end at 1,024 characters). */
const MAX_MESSAGE_LENGTH = 1_024;

/**
 * Holds an answer to the form of an error result: known code, one line of text, nothing of the program's inside.
 *
 * @param input what the call said: words of its own may come back.
 * @returns the row of the catalogue.
 */
export function expectErrorResult(body: string, cniVersion: string, input: string): ErrorCode {
  const error: Fields = JSON.parse(body);
  expectKeys(error, ["cniVersion", "code", "msg"], ["details"]);
  expect(error["cniVersion"]).toBe(cniVersion);
  const text = String(error["msg"]);
  expect(text).not.toBe("");
  expect(text.length, text).toBeLessThanOrEqual(MAX_MESSAGE_LENGTH);
  for (const leak of LEAKS) if (!leak.test(input)) expect(body).not.toMatch(leak);
  const codes = Object.entries(CATALOGUE).filter(([, entry]) => entry.cni === error["code"]);
  expect(codes, `code ${String(error["code"])}`).not.toEqual([]);
  const [code] = codes[0] as [ErrorCode, unknown];
  return code;
}

/** Holds an answer of ADD to the form that its version of the specification gives it ("ADD Success"). */
export function expectAddResult(body: string, cniVersion: string): void {
  const result: Fields = JSON.parse(body);
  expect(result["cniVersion"]).toBe(cniVersion);
  if (versionAtLeast(cniVersion, "0.3.0")) expectLists(result, cniVersion);
  else expectFamilies(result);
}

function expectLists(result: Fields, cniVersion: string): void {
  const isCurrent = versionAtLeast(cniVersion, "1.0.0");
  expectKeys(result, ["cniVersion", "ips", ...(isCurrent ? [] : ["dns"])], ["routes", "dns"]);
  const ips = listOf(result["ips"]);
  expect(ips).not.toEqual([]);
  for (const ip of ips) {
    expectKeys(ip, ["address", ...(isCurrent ? [] : ["version"])], ["gateway"]);
    const family = expectCidr(ip["address"]);
    if (!isCurrent) expect(ip["version"]).toBe(String(family));
    if ("gateway" in ip) expect(isIP(String(ip["gateway"]))).toBe(family);
  }
  const families = new Set(ips.map((ip) => expectCidr(ip["address"])));
  expectRoutes(result["routes"], families, ["gw", "mtu", "advmss", "priority", "table", "scope"]);
  expectDns(result["dns"]);
}

function expectFamilies(result: Fields): void {
  expectKeys(result, ["cniVersion", "dns"], ["ip4", "ip6"]);
  const present = ([4, 6] as const).filter((family) => `ip${family}` in result);
  expect(present).not.toEqual([]);
  for (const family of present) {
    const ip = result[`ip${family}`] as Fields;
    expectKeys(ip, ["ip"], ["gateway", "routes"]);
    expect(expectCidr(ip["ip"])).toBe(family);
    if ("gateway" in ip) expect(isIP(String(ip["gateway"]))).toBe(family);
    expectRoutes(ip["routes"], new Set([family]), ["gw"]);
  }
  expectDns(result["dns"]);
}

/** Each once, to a network that the kernel takes, of a family that there is an address of. */
function expectRoutes(routes: unknown, families: ReadonlySet<number>, keys: readonly string[]): void {
  if (routes === undefined) return;
  const list = listOf(routes);
  expect(list).not.toEqual([]);
  for (const route of list) {
    expectKeys(route, ["dst"], keys);
    const family = expectCidr(route["dst"]);
    expect(families).toContain(family);
    if ("gw" in route) expect(isIP(String(route["gw"]))).toBe(family);
    for (const [key, value] of Object.entries(route))
      if (key !== "dst" && key !== "gw") expect(value).toBeTypeOf("number");
  }
}

function expectDns(dns: unknown): void {
  if (dns === undefined) return;
  expectKeys(dns as Fields, [], ["nameservers", "domain", "search", "options"]);
  for (const [key, value] of Object.entries(dns as Fields)) {
    if (key === "domain") expect(value).toBeTypeOf("string");
    else for (const entry of value as readonly unknown[]) expect(entry).toBeTypeOf("string");
  }
}

function expectCidr(value: unknown): number {
  const [address = "", length = "", ...rest] = String(value).split("/");
  const family = isIP(address);
  expect([4, 6], String(value)).toContain(family);
  expect(length, String(value)).toMatch(/^(0|[1-9]\d*)$/);
  expect(Number(length)).toBeLessThanOrEqual(family === 4 ? 32 : 128);
  expect(rest).toEqual([]);
  return family;
}

function expectKeys(object: Fields, required: readonly string[], optional: readonly string[]): void {
  expect(isObject(object)).toBe(true);
  const keys = Object.keys(object);
  expect(keys).toEqual(expect.arrayContaining([...required]));
  expect([...required, ...optional]).toEqual(expect.arrayContaining(keys));
}

function listOf(value: unknown): readonly Fields[] {
  expect(Array.isArray(value)).toBe(true);
  return value as readonly Fields[];
}
