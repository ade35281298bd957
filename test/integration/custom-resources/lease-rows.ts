import type { BadRow, Fields, GoodRow } from "./row.ts";

const POD = { namespace: "default", name: "web-7c5ddbdf54-x8k2p", uid: "0c6b3f0e-8f6b-4c39-9d3e-0d9a52d2b7aa" };
const SANDBOX = { netns: "/var/run/netns/cni-1", inode: "18446744073709551615", bootID: "b1f3" };
const ATTACHED = { network: "macvlan-conf", node: "node-1", containerID: "c0ffee", ifName: "net1", pod: POD };
const HOLDER = `default/${POD.name}/net1`;

/** A good lease of 10.0.0.5, with some fields changed; undefined removes one. */
export function lease4(change: Fields = {}): Fields {
  return {
    address: "10.0.0.5",
    prefixLength: 24,
    pool: "lab",
    ...ATTACHED,
    holder: HOLDER,
    sandbox: SANDBOX,
    ...change,
  };
}

/** The same for 2001:db8::5. */
export function lease6(change: Fields = {}): Fields {
  return { ...lease4({ prefixLength: 64 }), address: "2001:db8::5", ...change };
}

/** What a lease has lost when nobody is attached. */
export const UNATTACHED = { network: undefined, node: undefined, containerID: undefined, sandbox: undefined };
/** What a lease that nobody has keeps of {@link lease4}. */
const NOBODY = { ...UNATTACHED, ifName: undefined, pod: undefined, holder: undefined };
/** Name of the lease of 2001:db8::5. */
export const NAME6 = "2001-0db8-0000-0000-0000-0000-0000-0005";
/** What ::ffff:10.0.0.5 would be called. */
const MAPPED_NAME = "0000-0000-0000-0000-0000-ffff-0a00-0005";
const KEPT = { reason: "printer" };
const KEPT_FOR_POD = { reason: "printer", for: { namespace: POD.namespace, name: POD.name } };
const NOT_AN_ADDRESS = "not an IP address: expected one such as 10.0.0.5 or 2001:db8::5";

/** Leases that must be stored. */
export const GOOD_LEASES: readonly GoodRow[] = [
  { what: "an IPv4 attachment", spec: lease4() },
  { what: "an IPv6 attachment", spec: lease6() },
  { what: "IPv4 in a space", name: "blue.10.0.0.5", spec: lease4({ addressSpace: "blue" }) },
  { what: "IPv6 in a space", name: `blue.${NAME6}`, spec: lease6({ addressSpace: "blue" }) },
  { what: "a space that looks like a part of an address", name: "10.10.0.0.5", spec: lease4({ addressSpace: "10" }) },
  {
    what: "an IPv6 space that looks like an address",
    name: `${NAME6}.${NAME6}`,
    spec: lease6({ addressSpace: NAME6 }),
  },
  { what: "no pod, as with cnitool", spec: lease4({ pod: undefined, holder: "" }) },
  { what: "a pod without uid", spec: lease4({ pod: { namespace: POD.namespace, name: POD.name } }) },
  { what: "a sandbox out of sight", spec: lease4({ sandbox: undefined }) },
  { what: "a gateway outside the prefix", spec: lease6({ gateway: "fe80::1" }) },
  { what: "a static address without pool", spec: lease4({ pool: undefined, prefixLength: 32 }) },
  { what: "an address kept by hand", spec: lease4({ ...NOBODY, reserved: KEPT }) },
  { what: "an IPv6 address kept for a pod", spec: lease6({ ...NOBODY, reserved: KEPT_FOR_POD }) },
  { what: "an address that the pod it is kept for has", spec: lease4({ reserved: KEPT_FOR_POD }) },
  {
    what: "a released address that keeps its holder",
    spec: lease4({ ...UNATTACHED, releasedAt: "2026-01-02T03:04:05Z" }),
  },
  {
    what: "a released address that says how long it is kept",
    spec: lease6({ ...UNATTACHED, releasedAt: "2026-01-02T03:04:05Z", keepSeconds: 604_800 }),
  },
  {
    what: "an address without a pod that cools down",
    spec: lease4({ ...NOBODY, network: "lan", ifName: "net1", releasedAt: "2026-01-02T03:04:05Z", keepSeconds: 1 }),
  },
];

/** Leases that must be refused, one fault each. */
export const BAD_LEASES: readonly BadRow[] = [
  {
    what: "another IPv4 address in the name",
    name: "10.0.0.6",
    spec: lease4(),
    says: 'metadata.name: Invalid value: must be "10.0.0.5"',
  },
  { what: "another IPv6 address in the name", name: `${NAME6.slice(0, -1)}6`, spec: lease6(), says: "eight groups" },
  { what: "no space in the name", spec: lease4({ addressSpace: "blue" }), name: "10.0.0.5", says: '"blue.10.0.0.5"' },
  {
    what: "another space in the IPv6 name",
    spec: lease6({ addressSpace: "blue" }),
    name: `red.${NAME6}`,
    says: "eight groups",
  },
  { what: "a space in the name alone", name: `blue.${NAME6}`, spec: lease6(), says: "eight groups" },
  {
    what: "a shortened IPv6 name",
    name: "2001-db8--5",
    spec: lease6(),
    says: "2001-0db8-0000-0000-0000-0000-0000-0005",
  },
  { what: "an IPv6 name of too few groups", name: NAME6.slice(5), spec: lease6(), says: "eight groups" },
  { what: "an IPv4 name for an IPv6 address", name: "10.0.0.5", spec: lease6(), says: "eight groups" },
  { what: "an IPv6 name for an IPv4 address", name: NAME6, spec: lease4(), says: 'must be "10.0.0.5"' },
  { what: "an IPv4-mapped name for an IPv4 address", name: MAPPED_NAME, spec: lease4(), says: 'must be "10.0.0.5"' },
  { what: "an IPv4-mapped name for an IPv6 address", name: MAPPED_NAME, spec: lease6(), says: "eight groups" },
  {
    what: "an IPv6 name that ends as an IPv4 address",
    name: "0000-0000-0000-0000-0000-0000-10.0.0.52",
    spec: lease6({ address: "::a00:34" }),
    says: "eight groups",
  },
  { what: "an IPv6 address as it is for a name", name: "2001:db8::5", spec: lease6(), says: "RFC 1123 subdomain" },
  {
    what: "two spaces in the name",
    name: "red.blue.10.0.0.5",
    spec: lease4({ addressSpace: "blue" }),
    says: '"blue.10.0.0.5"',
  },
  { what: "leading zeros", name: "x", spec: lease4({ address: "10.0.0.05" }), says: `"10.0.0.05": ${NOT_AN_ADDRESS}` },
  { what: "an IPv4-mapped address", name: "x", spec: lease6({ address: "::ffff:10.0.0.5" }), says: NOT_AN_ADDRESS },
  { what: "a zone", name: "x", spec: lease6({ address: "fe80::1%eth0" }), says: NOT_AN_ADDRESS },
  { what: "a prefix in the address", name: "x", spec: lease4({ address: "10.0.0.5/24" }), says: NOT_AN_ADDRESS },
  { what: "upper-case IPv6", name: NAME6, spec: lease6({ address: "2001:DB8::5" }), says: "write 2001:db8::5" },
  {
    what: "IPv6 with all zeros",
    name: NAME6,
    spec: lease6({ address: "2001:db8:0:0:0:0:0:5" }),
    says: "write 2001:db8::5",
  },
  { what: "an empty gateway", spec: lease4({ gateway: "" }), says: `"": ${NOT_AN_ADDRESS}` },
  {
    what: "an IPv6 gateway of IPv4",
    spec: lease4({ gateway: "2001:db8::1" }),
    says: "is of another family than address 10.0.0.5",
  },
  {
    what: "an IPv4 gateway of IPv6",
    spec: lease6({ gateway: "10.0.0.1" }),
    says: "is of another family than address 2001:db8::5",
  },
  {
    what: "a prefix too long for IPv4",
    spec: lease4({ prefixLength: 33 }),
    says: "prefixLength of an IPv4 address is at most 32",
  },
  { what: "no prefix at all", spec: lease4({ prefixLength: 0 }), says: "greater than or equal to 1" },
  { what: "a prefix too long for IPv6", spec: lease6({ prefixLength: 129 }), says: "less than or equal to 128" },
  {
    what: "a space that is no label",
    name: "x",
    spec: lease4({ addressSpace: "Blue.net" }),
    says: "must be a DNS label",
  },
  {
    what: "nobody at all",
    spec: lease4(NOBODY),
    says: "needs an attachment (network, node, containerID and ifName), or reserved",
  },
  { what: "an attachment without node", spec: lease6({ node: "" }), says: "needs network, node and ifName too" },
  {
    what: "an attachment without ifName",
    spec: lease4({ ifName: "", holder: `default/${POD.name}/` }),
    says: "needs network, node",
  },
  { what: "an attachment without network", spec: lease4({ network: "" }), says: "needs network, node and ifName too" },
  {
    what: "a node that nobody is attached on",
    spec: lease4({ ...NOBODY, node: "node-1", reserved: KEPT }),
    says: "node, sandbox and addedAt belong to an attachment",
  },
  {
    what: "a sandbox that nobody is attached to",
    spec: lease4({ ...UNATTACHED, sandbox: SANDBOX, releasedAt: "2026-01-02T03:04:05Z" }),
    says: "node, sandbox and addedAt belong to an attachment",
  },
  {
    what: "an ADD that nobody is attached by",
    spec: lease4({ ...NOBODY, reserved: KEPT, addedAt: { bootID: "b1f3", bootTimeNs: "1" } }),
    says: "node, sandbox and addedAt belong to an attachment",
  },
  {
    what: "attached and released",
    spec: lease4({ releasedAt: "2026-01-02T03:04:05Z" }),
    says: "an attached lease is not released",
  },
  {
    what: "attached, and kept for a time",
    spec: lease6({ keepSeconds: 60 }),
    says: "an attached lease is not released",
  },
  {
    what: "a reservation for a time",
    spec: lease4({ ...NOBODY, reserved: KEPT, keepSeconds: 60 }),
    says: "keepSeconds belongs to a released lease",
  },
  {
    what: "kept for no time",
    spec: lease4({ ...UNATTACHED, releasedAt: "2026-01-02T03:04:05Z", keepSeconds: 0 }),
    says: "greater than or equal to 1",
  },
  {
    what: "reserved and released",
    spec: lease4({ ...NOBODY, reserved: KEPT, releasedAt: "2026-01-02T03:04:05Z" }),
    says: "a reserved lease has no releasedAt",
  },
  { what: "a release that is no time", spec: lease4({ releasedAt: "yesterday" }), says: "spec.releasedAt" },
  {
    what: "a reservation with a pod",
    spec: lease4({ ...UNATTACHED, reserved: KEPT }),
    says: "reserved.for keeps the address for one pod",
  },
  {
    what: "a reservation without reason",
    spec: lease4({ ...NOBODY, reserved: {} }),
    says: "reserved.reason",
  },
  {
    what: "a reservation whose reason is blank",
    spec: lease4({ ...NOBODY, reserved: { reason: " " } }),
    says: "must say why the address is kept",
  },
  {
    what: "a reservation for a pod of no namespace there can be",
    spec: lease4({ ...NOBODY, reserved: { reason: "printer", for: { namespace: "Default", name: "web-0" } } }),
    says: '"Default": no namespace can have this name',
  },
  {
    what: "a reservation for a pod whose name holds its namespace",
    spec: lease6({ ...NOBODY, reserved: { reason: "printer", for: { namespace: "default", name: "default/web-0" } } }),
    says: '"default/web-0": no pod can have this name: expected one such as web-0',
  },
  {
    what: "a reservation for a pod of every name",
    spec: lease4({ ...NOBODY, reserved: { reason: "printer", for: { namespace: "default", name: "web-*" } } }),
    says: '"web-*": no pod can have this name',
  },
  {
    what: "a reservation for a pod without namespace",
    spec: lease4({ ...NOBODY, reserved: { reason: "printer", for: { name: "web-0" } } }),
    says: "reserved.for.namespace: Required value",
  },
  {
    what: "a reservation with a holder",
    spec: lease4({ ...NOBODY, reserved: KEPT, holder: HOLDER }),
    says: "holder must be empty without a pod",
  },
  {
    what: "an attachment to an address kept from all",
    spec: lease4({ reserved: KEPT }),
    says: "only be attached to the pod that",
  },
  {
    what: "an attachment to another pod's address",
    spec: lease6({ reserved: { reason: "printer", for: { namespace: "default", name: "web-0" } } }),
    says: "may only be attached to the pod that reserved.for names",
  },
  {
    what: "an attachment without a pod to an address kept for one",
    spec: lease4({ pod: undefined, holder: "", reserved: KEPT_FOR_POD }),
    says: "may only be attached to the pod that reserved.for names",
  },
  {
    what: "somebody else as holder",
    spec: lease4({ holder: "default/web-0/net1" }),
    says: `holder must be "${HOLDER}"`,
  },
  { what: "a holder without a pod", spec: lease4({ pod: undefined }), says: "holder must be empty without a pod" },
  { what: "no address", name: "x", spec: lease4({ address: undefined }), says: "spec.address: Required value" },
  {
    what: "an interface name that the kernel refuses",
    spec: lease4({ ifName: "sixteen-letters-" }),
    says: "may not be more than 15",
  },
];
