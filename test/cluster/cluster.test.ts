import { describe } from "vitest";
import { clusterWideNetwork } from "./scenarios/cluster-wide-network.ts";
import { images } from "./scenarios/images.ts";
import { useCluster } from "./src/suite.ts";

describe("three real kubelets, with the chart installed", () => {
  const suite = useCluster();
  images(suite);
  clusterWideNetwork(suite);
});
