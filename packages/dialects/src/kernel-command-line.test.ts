import { formatAddress, formatCidr } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { parseEpoxyAddresses } from "./kernel-command-line.ts";

const IPV4 = "epoxy.ipv4=4.14.159.112/26,4.14.159.65,8.8.8.8,8.8.4.4";
const IPV6 = "epoxy.ipv6=2001:1900:2100:2d::112/64,2001:1900:2100:2d::1,2001:4860:4860::8888,2001:4860:4860:0::8844";
const READ4 = "4.14.159.112/26 via 4.14.159.65, DNS 8.8.8.8 8.8.4.4";
const READ6 = "2001:1900:2100:2d::112/64 via 2001:1900:2100:2d::1, DNS 2001:4860:4860::8888 2001:4860:4860::8844";

test.for([
  [
    `rootflags=rw epoxy.ip=4.14.159.112::4.14.159.65 ${IPV4} ${IPV6} epoxy.interface=eth0 net.ifnames=0`,
    [READ4, READ6],
  ],
  [`${IPV6}\t${IPV4}\n`, [READ4, READ6]],
  [IPV4, [READ4]],
  [`${IPV4} epoxy.ip6= epoxy.interface=eth0`, [READ4]],
  [`${IPV4} epoxy.ipv6= epoxy.interface=eth0`, [READ4]],
  [`noepoxy.ipv4=9.9.9.9/8,9.0.0.1,8.8.8.8,8.8.4.4 ${IPV4} epoxy.ipv4=5.5.5.5/8,5.0.0.1,8.8.8.8,8.8.4.4`, [READ4]],
] as const)("%j says %j", ([line, expected]) => {
  const texts = parseEpoxyAddresses(line).map(
    ({ cidr, gateway, nameservers }) =>
      `${formatCidr(cidr)} via ${formatAddress(gateway)}, DNS ${nameservers.join(" ")}`,
  );
  expect(texts).toEqual(expected);
});

const FIELDS = "expected four fields, address/length,gateway,nameserver,nameserver";

test.for([
  ["", `the node's kernel command line has no epoxy.ipv4: ${FIELDS}`],
  ["a bad value", `the node's kernel command line has no epoxy.ipv4: ${FIELDS}`],
  ["epoxy.ipv4=", `the node's kernel command line has no epoxy.ipv4: ${FIELDS}`],
  [IPV6, `the node's kernel command line has no epoxy.ipv4: ${FIELDS}`],
  [
    "epoxy.ipv4=4.14.159.112/26,4.14.159.65,8.8.8.8",
    `epoxy.ipv4 of the node's kernel command line is "4.14.159.112/26,4.14.159.65,8.8.8.8": ${FIELDS}`,
  ],
  [
    `${IPV4},1.1.1.1`,
    `of the node's kernel command line is "4.14.159.112/26,4.14.159.65,8.8.8.8,8.8.4.4,1.1.1.1": ${FIELDS}`,
  ],
  [
    `${IPV4} epoxy.ipv6=fd00::1/64,fd00::2,fd00::3`,
    `epoxy.ipv6 of the node's kernel command line is "fd00::1/64,fd00::2,fd00::3": ${FIELDS}`,
  ],
  ["epoxy.ipv4=4.14.159.112,4.14.159.65,8.8.8.8,8.8.4.4", "with an IPv4 address and gateway"],
  ["epoxy.ipv4=4.14.159.112/26,gw,8.8.8.8,8.8.4.4", "with an IPv4 address and gateway"],
  ["epoxy.ipv4=fd00::1/64,fd00::2,8.8.8.8,8.8.4.4", "with an IPv4 address and gateway"],
  [`${IPV4} epoxy.ipv6=1:Z::/64,1::1,fd00::3,fd00::4`, "with an IPv6 address and gateway"],
  ["epoxy.ipv4=4.14.159.112/26,4.14.159.65,8.8.8.8,", 'and "" is no address'],
] as const)("%j is refused", ([line, message]) => {
  expect(() => parseEpoxyAddresses(line)).toThrow(
    expect.objectContaining({ code: "bad-config", message: expect.stringContaining(message) }),
  );
});
