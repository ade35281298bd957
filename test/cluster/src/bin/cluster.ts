// Three real nodes with the chart installed and a Deployment on a network for the whole cluster. KEEP=1 leaves them running.
import {
  listenForInterruption,
  requireRoot,
  runMain,
  toolPath,
  untilInterrupted,
} from "@cluster-ipam/test-integration";
import { Cluster } from "../cluster.ts";
import { isKept } from "../config.ts";
import { Installation } from "../installation.ts";
import { TestNamespace } from "../test-namespace.ts";
import { deployment } from "../workloads.ts";

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function showPods(cluster: Cluster): Promise<void> {
  const namespace = await TestNamespace.create(cluster, "default");
  await namespace.apply(deployment({ name: "web", network: "lan", replicas: 3, isSpread: true }));
  await namespace.running("web", 3);
  say(await namespace.kubectl("get", "pods", "--output=wide"));
  say(await namespace.kubectl("get", "ipleases"));
}

/** What a person may want to see next. */
function tour(cluster: Cluster): readonly string[] {
  const networks = "the networks of the tests: runtimeClassName of a pod chooses one";
  return [
    `export KUBECONFIG=${cluster.controlPlane.kubeconfigPath} PATH=$PATH:${toolPath("kubectl").replace(/\/kubectl$/, "")}`,
    "kubectl get pods --all-namespaces -o wide",
    "kubectl get ipleases -o wide                   # who holds what",
    "kubectl get ippools                            # capacity, used, free",
    `kubectl get runtimeclasses                     # ${networks}`,
    "kubectl scale deployment web --replicas=20     # and look at the leases again",
    "kubectl -n kube-system logs daemonset/cluster-ipam-agent",
    `docker exec -it ${cluster.run.id}-n1 bash      # a node`,
  ];
}

const signal = listenForInterruption();
await runMain(signal, async () => {
  requireRoot();
  await using cluster = await Cluster.start({ signal, onProgress: (text) => say(`cluster: ${text}`) });
  say("cluster: helm install");
  await new Installation(cluster).install();
  await showPods(cluster);
  if (!isKept()) return;
  say(["It runs until Ctrl-C. In another terminal:", ...tour(cluster).map((line) => `  ${line}`)].join("\n"));
  await untilInterrupted(signal);
});
