/** The name of the ipam plugin of a network. */
type Ipam = "cluster-ipam" | "host-local";

/** A network that pods may have instead of the nodes' own: the RuntimeClass of that name gives it to them. */
export interface PodNetwork {
  readonly name: string;
  /** A CNI configuration list, without its name. */
  readonly list: { readonly cniVersion: string; readonly plugins: readonly object[] };
}

/** What people have on their nodes today, but for the type of the ipam section: ranges for the whole cluster. */
export function lan(type: Ipam): object {
  const routes = [{ dst: "10.9.0.0/16" }];
  return { type, subnet: "172.16.1.0/24", rangeStart: "172.16.1.200", rangeEnd: "172.16.1.246", routes, gateway: "" };
}

/** What a network has beyond its ipam section. */
interface More {
  readonly cniVersion?: string;
  /** Keys of the macvlan plugin. */
  readonly keys?: object;
  /** Plugins behind macvlan. */
  readonly chained?: readonly object[];
}

/** macvlan on the network that the nodes share, with this ipam section. */
function macvlan(name: string, ipam: object, { cniVersion = "1.0.0", keys = {}, chained = [] }: More = {}): PodNetwork {
  const plugin = { type: "macvlan", master: "eth0", mode: "bridge", ...keys, ipam };
  return { name, list: { cniVersion, plugins: [plugin, ...chained] } };
}

function ours(section: object = {}): object {
  return { type: "cluster-ipam", ...section };
}

/** The second range set is full with two pods. */
const HALF = [
  [{ subnet: "172.16.11.0/24" }],
  [{ subnet: "fd00:11::/64", rangeStart: "fd00:11::5", rangeEnd: "fd00:11::6" }],
];
const ARP_NOTIFY = { type: "tuning", sysctl: { "net.ipv4.conf.IFNAME.arp_notify": "1" } };

/** Every network of the cluster beside the nodes' own. */
export const NETWORKS: readonly PodNetwork[] = [
  macvlan("lan", lan("cluster-ipam"), { cniVersion: "0.3.1" }),
  macvlan("files", lan("host-local"), { cniVersion: "0.3.1" }),
  macvlan("bare", ours()),
  macvlan("unnamed", ours()),
  macvlan("numbered", ours()),
  macvlan("counted", ours({ pool: "counted" })),
  macvlan("fixed", ours({ addresses: [{ address: "172.16.3.201/24" }] })),
  macvlan("outside", ours({ pool: "narrow" }), { keys: { args: { cni: { ips: ["172.16.9.9"] } } } }),
  macvlan("tuned", ours({ subnet: "172.16.5.0/24" }), { cniVersion: "0.3.1", chained: [ARP_NOTIFY] }),
  macvlan("dual", ours({ ranges: [[{ subnet: "172.16.10.0/24" }], [{ subnet: "fd00:10::/64" }]] })),
  macvlan("half", ours({ ranges: HALF })),
  macvlan("small", ours({ pool: "small" })),
  macvlan("large", ours({ pool: "large" })),
];

/** The pool from which the nodes' own networks take their addresses. */
export const NODE_POOL = "node-networks";

/** The nodes' own network, as kube-router makes it: a bridge with addresses of the node's podCIDR. */
const NODE_NETWORK: PodNetwork = {
  name: "node",
  list: {
    cniVersion: "1.0.0",
    plugins: [
      { type: "bridge", bridge: "cni0", isDefaultGateway: true, ipMasq: true, ipam: ours({ pool: NODE_POOL }) },
    ],
  },
};

/** Where a node's agent finds the kernel command line: containers have the machine's own. */
export const KERNEL_COMMAND_LINE = "/var/lib/cluster-ipam/kernel-cmdline";

/** A node's own address on the kernel command line, as index2ip reads it: 172.16.26.16 on n1, .32 on n2, .48 on n3. */
function kernelCommandLine(node: string): string {
  const own = `${Number(node.slice(1)) * 16}`;
  const ipv4 = `172.16.26.${own}/24,172.16.26.1,8.8.8.8,8.8.4.4`;
  const ipv6 = `fd00:26::${own}/64,fd00:26::1,2001:4860:4860::8888,2001:4860:4860::8844`;
  return `BOOT_IMAGE=/vmlinuz epoxy.ipv4=${ipv4} epoxy.ipv6=${ipv6} quiet\n`;
}

/** What containerd needs to know of the networks: a runtime for each, with a folder of configurations of its own. */
export function containerdRuntimes(): string {
  return NETWORKS.map(({ name }) => {
    const table = `[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.${name}]`;
    return `\n${table}\n  runtime_type = "io.containerd.runc.v2"\n  cni_conf_dir = "/etc/cni/networks/${name}"\n`;
  }).join("");
}

/** The files of a node that say what its networks and its own addresses are, by their paths. */
export function networkFiles(node: string): readonly { readonly target: string; readonly content: string }[] {
  const own = {
    target: "/etc/cni/net.d/10-node.conflist",
    content: JSON.stringify({ name: NODE_NETWORK.name, ...NODE_NETWORK.list }),
  };
  const others = NETWORKS.map(({ name, list }) => {
    const content = JSON.stringify({ name: name === "files" ? "lan" : name, ...list });
    return { target: `/etc/cni/networks/${name}/10-${name}.conflist`, content };
  });
  return [own, ...others, { target: KERNEL_COMMAND_LINE, content: kernelCommandLine(node) }];
}
