import { type CniRequest, decodeRequest, type WireRequest } from "@cluster-ipam/cni";
import { readIpamSection, type SectionReading } from "@cluster-ipam/dialects";
import { median } from "./statistics.ts";

/** At least so long is what is parsed. */
const MIN_BYTES = 1_024;
const COUNTS = { rounds: 3_000, warmUpRounds: 500 } as const;

/** A configuration with everything that a section of host-local can hold, made up to its length by more routes. */
function configText(): string {
  const ranges = [
    [{ subnet: "10.1.0.0/16", rangeStart: "10.1.0.10", rangeEnd: "10.1.255.250", gateway: "10.1.0.1" }],
    [{ subnet: "fd00:1::/64", rangeStart: "fd00:1::10", rangeEnd: "fd00:1::ffff", gateway: "fd00:1::1" }],
  ];
  const dns = { nameservers: ["10.1.0.53", "fd00:1::53"], domain: "lab.example", search: ["lab.example", "example"] };
  const routes: { readonly dst: string; readonly gw: string }[] = [];
  const text = (): string => {
    const ipam = { type: "cluster-ipam", ranges, routes, dns };
    return JSON.stringify({
      cniVersion: "1.0.0",
      name: "bench",
      type: "macvlan",
      master: "eth1",
      mode: "bridge",
      ipam,
    });
  };
  while (Buffer.byteLength(text()) < MIN_BYTES)
    routes.push({ dst: `10.${routes.length + 2}.0.0/16`, gw: "10.1.0.254" });
  return text();
}

/** Median milliseconds from the text of 1 KB to what it asks for: the call decoded, the ipam section read. */
export function measureParsing(): number {
  const wire: WireRequest = {
    startedAt: "1",
    env: {
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: "c1",
      CNI_NETNS: "/run/netns/c1",
      CNI_IFNAME: "net1",
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;K8S_POD_UID=u-1",
    },
    stdin: configText(),
  };
  const samplesMs: number[] = [];
  for (let round = -COUNTS.warmUpRounds; round < COUNTS.rounds; round += 1) {
    const startedAtMs = performance.now();
    readSection(decodeRequest(wire));
    if (round >= 0) samplesMs.push(performance.now() - startedAtMs);
  }
  return median(samplesMs);
}

function readSection({ attachment, pod, ipam, requestedIps }: CniRequest): SectionReading {
  return readIpamSection({
    ipam,
    network: attachment.network,
    podName: pod?.name,
    fixed: { requestedIps, conventionIps: [], argument: undefined },
    gatewayArgument: undefined,
    readFile: refuse,
    firstGroup: refuse,
    readKernelCommandLine: refuse,
    nodeAddresses: refuse,
  });
}

function refuse(): never {
  throw new Error("the configuration that is measured asks the node for nothing");
}
