import type { IPPoolSpec } from "@cluster-ipam/api";

/** DNS as pools and ipam sections have it. */
export type Dns = NonNullable<IPPoolSpec["dns"]>;

/** Reads the text of a resolv.conf(5): nameserver, domain, search and options; the last `search` and `domain` stand. */
export function parseResolvConf(text: string): Dns {
  const nameservers: string[] = [];
  const options: string[] = [];
  let search: string[] = [];
  let domain: string | undefined;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    const [value] = values;
    // A keyword alone says nothing.
    if (value === undefined) continue;
    if (keyword === "nameserver") nameservers.push(value);
    else if (keyword === "domain") domain = value;
    else if (keyword === "search") search = values;
    else if (keyword === "options") options.push(...values);
  }
  return { nameservers, search, options, ...(domain === undefined ? {} : { domain }) };
}
