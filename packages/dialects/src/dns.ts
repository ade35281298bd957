import { IpamError } from "@cluster-ipam/errors";
import * as z from "zod";
import { type Dns, parseResolvConf } from "./resolv-conf.ts";
import { type KnownKeys, normalizeKeys, type Section } from "./section-keys.ts";
import { badValue, readObject, readValue, withoutUndefined } from "./section-value.ts";

/** Keys of the section's `dns`. */
export const DNS_KEYS: KnownKeys = { used: ["nameservers", "domain", "search", "options"], ignored: [] };

/** PATH_MAX of Linux. */
const PATH_MAX_LENGTH = 4096;
const filePath = z.string("expected the path of a file").max(PATH_MAX_LENGTH, "expected the path of a file");
const words = z.array(z.string("expected text"), "expected a list of texts").optional();
const dnsSchema = z.object({
  nameservers: words,
  domain: z.string("expected text").optional(),
  search: words,
  options: words,
});

/**
 * The DNS of a section: its `dns`, or the node's file that `resolvConf` names; undefined when it has neither.
 *
 * @throws IpamError `bad-config`
 */
export function readDns({ dns, resolvConf = "" }: Section, readFile: (path: string) => string): Dns | undefined {
  if (dns !== undefined && resolvConf !== "") {
    throw new IpamError("bad-config", "ipam.dns and ipam.resolvConf both say which DNS servers there are: keep one");
  }
  if (dns !== undefined) return readDnsSection(dns);
  return resolvConf === "" ? undefined : readResolvConf(resolvConf, readFile);
}

function readDnsSection(dns: unknown): Dns {
  const keys = readObject(dns, "ipam.dns", "expected an object with nameservers");
  return withoutUndefined(readValue(dnsSchema, normalizeKeys(keys, "ipam.dns", DNS_KEYS).values, "ipam.dns"));
}

function readResolvConf(resolvConf: unknown, readFile: (path: string) => string): Dns {
  const path = readValue(filePath, resolvConf, "ipam.resolvConf");
  try {
    return parseResolvConf(readFile(path));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw badValue("ipam.resolvConf", path, `it cannot be read on this node (${reason})`, cause);
  }
}
