import { describe } from "vitest";
import { chainedAndDual } from "./scenarios/chained-and-dual.ts";
import { churn } from "./scenarios/churn.ts";
import { clusterWideNetwork } from "./scenarios/cluster-wide-network.ts";
import { crashes } from "./scenarios/crashes.ts";
import { fixedAddresses } from "./scenarios/fixed-addresses.ts";
import { fullPool } from "./scenarios/full-pool.ts";
import { images } from "./scenarios/images.ts";
import { lostNode } from "./scenarios/lost-node.ts";
import { throughMultus } from "./scenarios/multus.ts";
import { namedPools } from "./scenarios/named-pools.ts";
import { nodeNetworks } from "./scenarios/node-networks.ts";
import { reboot } from "./scenarios/reboot.ts";
import { startTimes } from "./scenarios/start-times.ts";
import { statefulSets } from "./scenarios/stateful-sets.ts";
import { upgrade } from "./scenarios/upgrade.ts";
import { useCluster } from "./src/suite.ts";

describe("three real kubelets, with the chart installed", () => {
  const suite = useCluster();
  images(suite);
  clusterWideNetwork(suite);
  namedPools(suite);
  fixedAddresses(suite);
  statefulSets(suite);
  nodeNetworks(suite);
  chainedAndDual(suite);
  throughMultus(suite);
  fullPool(suite);
  reboot(suite);
  crashes(suite);
  upgrade(suite);
  lostNode(suite, () => {
    churn(suite);
    startTimes(suite);
  });
});
