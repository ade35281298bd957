import { KubeClient } from "@cluster-ipam/kube";
import { type Answer, ScriptedServer } from "@cluster-ipam/kube/testing";
import { onTestFinished } from "vitest";

/** An API server that answers as its test says, and a client of it. */
export interface ScriptedApi {
  readonly server: ScriptedServer;
  readonly client: KubeClient;
}

/** Starts a server that gives these answers, the last one for good; it and its client end with the test. */
export async function scriptedApi(...answers: readonly Answer[]): Promise<ScriptedApi> {
  const server = await ScriptedServer.start();
  server.answerWith(...answers);
  const client = new KubeClient({ source: server.source(), userAgent: "test/1" });
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  return { server, client };
}

/** A signal that nobody ever aborts. */
export function unending(): AbortSignal {
  return new AbortController().signal;
}
