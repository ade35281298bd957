// An API server with the custom resources, for trying things by hand: runs until Ctrl-C.
import { ControlPlane, Run, requireTools } from "../index.ts";
import { listenForInterruption, untilInterrupted } from "../interruption.ts";
import { runMain } from "../program.ts";

const signal = listenForInterruption();

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

await runMain(signal, async () => {
  await requireTools(["etcd", "kube-apiserver"]);
  await using run = await Run.open(signal);
  const controlPlane = await ControlPlane.start(run, { onProgress: (text) => say(`control plane: ${text}`) });
  say(`export KUBECONFIG=${controlPlane.kubeconfigPath}`);
  say("control plane: runs until Ctrl-C");
  await untilInterrupted(signal);
  say("control plane: stopping");
});
