import type { Faulted, Scenario } from "../scenario.ts";
import { killOneAgent } from "./agent-kills.ts";

/** Between two killed agents: so that many requests are late when their sender dies. */
const KILL_EVERY_MS = { min: 3_000, max: 7_000 } as const;
/** Between two looks at the requests that are still on their way. */
const LATE_LOOK_MS = 200;

/** Connections break at every point of a request, and requests come late, with agents killed in between. */
export const BAD_WEATHER: Scenario = {
  name: "connections cut",
  run: async (faulted) => {
    await leadThroughGateway(faulted);
    try {
      await disturb(faulted);
    } finally {
      await leadDirectly(faulted);
    }
    await untilNothingIsLate(faulted);
  },
};

async function disturb(faulted: Faulted): Promise<void> {
  const { weather, scale, dice, sleep } = faulted;
  weather.turn("bad");
  const endsAtMs = performance.now() + scale.weatherMs;
  while (performance.now() < endsAtMs) {
    await sleep(dice.between(KILL_EVERY_MS.min, KILL_EVERY_MS.max));
    // A write is on its way whose sender dies.
    while (weather.late === 0 && performance.now() < endsAtMs) await sleep(LATE_LOOK_MS);
    await killOneAgent(faulted);
    faulted.say(`${weather.late} requests are late`);
  }
}

/** From now on the agents reach the API server through the gateway. */
export async function leadThroughGateway({ agents, gateway }: Pick<Faulted, "agents" | "gateway">): Promise<void> {
  for (const agent of agents) {
    agent.configure({ kubeconfigPath: await gateway.kubeconfigFor(agent.node.name) });
    await agent.restart();
  }
}

/** The weather is good again, and the agents reach the API server directly. */
export async function leadDirectly({ agents, weather }: Pick<Faulted, "agents" | "weather">): Promise<void> {
  weather.turn("good");
  for (const agent of agents) {
    agent.configure({ kubeconfigPath: undefined });
    await agent.restart();
  }
}

/** Waits for the requests that are still on their way. */
export async function untilNothingIsLate({ weather, sleep }: Pick<Faulted, "weather" | "sleep">): Promise<void> {
  while (weather.late > 0) await sleep(LATE_LOOK_MS);
}
