import { IpamError } from "@cluster-ipam/errors";
import * as z from "zod";
import type { Section } from "./section-keys.ts";
import { readValue } from "./section-value.ts";

/** A DNS subdomain (RFC 1123), as every name of a Kubernetes object is; nothing else may get into a request's path. */
const POOL_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const name = z.string("expected the name of an IPPool").regex(POOL_NAME, "expected the name of an IPPool");
const names = z
  .array(name, "expected a list of names of IPPools")
  .min(1, "expected at least one name")
  .refine((list) => new Set(list).size === list.length, "expected each name once");

/**
 * The IPPools that a section names by `pool` or `pools`.
 *
 * @throws IpamError `bad-config`
 */
export function readPoolNames(section: Section): readonly string[] {
  if ("pool" in section && "pools" in section) {
    throw new IpamError("bad-config", "ipam.pool and ipam.pools both say where addresses come from: keep one");
  }
  if ("pool" in section) return [readValue(name, section["pool"], "ipam.pool")];
  return readValue(names, section["pools"], "ipam.pools");
}
