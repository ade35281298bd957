import type { NetworkConfig } from "../pod-sandbox.ts";

/** The demo's network with one IPAM plugin or the other: what a cluster-wide NetworkAttachmentDefinition holds. */
export function macvlanNetwork(ipamType: "host-local" | "cluster-ipam"): NetworkConfig {
  return {
    cniVersion: "0.3.1",
    name: "macvlan-conf",
    type: "macvlan",
    master: "eth1",
    mode: "bridge",
    ipam: {
      type: ipamType,
      subnet: "172.16.1.0/24",
      rangeStart: "172.16.1.200",
      rangeEnd: "172.16.1.246",
      routes: [{ dst: "10.9.0.0/16" }],
      gateway: "",
    },
  };
}

/** A network as JSON in lines that fit a terminal. */
export function formatNetwork({ ipam, ...outer }: NetworkConfig): readonly string[] {
  const { routes, gateway, ...range } = ipam as Readonly<Record<string, unknown>>;
  return [`{${format(outer)},`, ` "ipam":{${format(range)},`, `         ${format({ routes, gateway })}}}`];
}

/** An object's members without its braces. */
function format(members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(members).slice(1, -1);
}
