import { mustRun, runCommand } from "./command.ts";
import { ipBatch, NetworkNamespace } from "./namespaces.ts";
import type { Run } from "./run.ts";

/** RFC 2544 keeps 198.18.0.0/15 for tests of networks: 512 subnets of 256 addresses that no real network has. */
const SUBNET_COUNT = 512;
const FIRST_NODE = 10;

/**
 * Without an address of its own a bridge takes the lowest one of its ports: it would change as nodes are connected, and
 * the machine would go on talking to the old one.
 */
const BRIDGE_MAC = "02:00:00:00:00:01";

let nextSubnet = process.pid % SUBNET_COUNT;

/**
 * The wires between simulated nodes: a namespace with two bridges, as real nodes have two networks. `eth0` of a node
 * carries what it says to the API server, `eth1` has no address and is the master of the pods' macvlan interfaces.
 *
 * The bridges have a namespace of their own so that no firewall of the machine filters what crosses them, and so that
 * the API server, which runs in there, listens on no address that the machine has. The machine reaches it over a link
 * of its own.
 */
export class Fabric {
  /** Holds the bridges; the control plane runs in it. */
  readonly namespace: NetworkNamespace;
  /** Where the API server listens. */
  readonly serverAddress: string;
  /** Where the nodes find what listens on the machine itself. */
  readonly machineAddress: string;
  readonly #subnet: string;
  #nodes = 0;

  private constructor(namespace: NetworkNamespace, subnet: string) {
    this.namespace = namespace;
    this.#subnet = subnet;
    this.serverAddress = `${subnet}.1`;
    this.machineAddress = `${subnet}.2`;
  }

  /** Makes the bridges and the machine's link to them. Needs root. */
  static async create(run: Run): Promise<Fabric> {
    const subnet = await pickSubnet(run);
    const namespace = await NetworkNamespace.create(run, "fabric");
    // An interface name has 15 characters at most: the random part of the run's id makes this one unique.
    const link = `cipam-${run.id.split("-").at(-1)}`;
    // The kernel takes a while to remove a namespace's interfaces after the namespace; this one is to go at once.
    run.defer(async () => void (await runCommand(["ip", "link", "delete", link])));
    await ipBatch(run, [`link add ${link} type veth peer name machine netns ${namespace.name}`]);
    await namespace.configure([
      ...["nodes", "pods"].map((bridge) => `link add ${bridge} address ${BRIDGE_MAC} type bridge mcast_snooping 0`),
      "link set machine master nodes",
      `address add ${subnet}.1/24 dev nodes`,
      ...["machine", "nodes", "pods"].map((name) => `link set ${name} up`),
    ]);
    await ipBatch(run, [`address add ${subnet}.2/24 dev ${link}`, `link set ${link} up`]);
    return new Fabric(namespace, subnet);
  }

  /** Gives a node's namespace its `eth0` and `eth1`. @returns the node's address. */
  async connect(node: NetworkNamespace): Promise<string> {
    const index = this.#nodes++;
    const address = `${this.#subnet}.${FIRST_NODE + index}`;
    await this.namespace.configure([
      `link add node${index} type veth peer name eth0 netns ${node.name}`,
      `link add pods${index} type veth peer name eth1 netns ${node.name}`,
      `link set node${index} master nodes up`,
      `link set pods${index} master pods up`,
    ]);
    await node.configure([`address add ${address}/24 dev eth0`, "link set eth0 up", "link set eth1 up"]);
    return address;
  }
}

/** The first three numbers of a subnet that no route of the machine leads to. */
async function pickSubnet(run: Run): Promise<string> {
  const routes = await mustRun(["ip", "-4", "route", "show", "table", "all"], { signal: run.signal });
  for (let tries = 0; tries < SUBNET_COUNT; tries++) {
    const index = nextSubnet++ % SUBNET_COUNT;
    const subnet = `198.${18 + Math.floor(index / 256)}.${index % 256}`;
    if (!routes.includes(`${subnet}.`)) return subnet;
  }
  throw new Error("every subnet of 198.18.0.0/15 is in use on this machine");
}
