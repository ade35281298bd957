import type { AgentMeter, CallTrace } from "@cluster-ipam/agent";
import {
  Circuit,
  inCluster,
  type KubeAnswer,
  KubeClient,
  type KubeRequest,
  kubeconfigFile,
  SYSTEM_CLOCK,
} from "@cluster-ipam/kube";
import type { AgentConfig } from "./config.ts";
import { VERSION } from "./version.ts";

/** The way to the API server, and whether there is one just now. */
export interface ApiConnection {
  readonly client: KubeClient;
  readonly circuit: Circuit;
}

/** Whoever is told of what is asked of the API server. */
export interface RequestObservers {
  readonly meter: AgentMeter;
  readonly trace: CallTrace;
}

/** Makes ready what requests need; asks nothing yet. @throws Error naming what of the kubeconfig cannot be used */
export function connectApi({ kubeconfig }: AgentConfig, observers: RequestObservers): ApiConnection {
  const source = kubeconfig === undefined ? inCluster() : kubeconfigFile(kubeconfig);
  const circuit = new Circuit({ nowMs: () => SYSTEM_CLOCK.nowMs(), date: () => new Date(), random: Math.random });
  const userAgent = `cluster-ipam-agent/${VERSION}`;
  return { client: new KubeClient({ source, userAgent, circuit, onAnswer: tellBoth(observers) }), circuit };
}

function tellBoth({
  meter,
  trace,
}: RequestObservers): (request: KubeRequest, answer: KubeAnswer, durationMs: number) => void {
  return ({ method, path, isRetry }, answer, durationMs) => {
    const status = answer.kind === "answered" ? answer.status : 0;
    if (isRetry === true) meter.requestRetried();
    meter.requestEnded(method, status, durationMs);
    trace.requestEnded({ method, path, status, durationMs });
  };
}
