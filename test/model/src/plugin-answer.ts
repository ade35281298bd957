import type { Act } from "./plan.ts";
import { fixedText } from "./plan.ts";
import type { PluginAnswer } from "./simulated-node.ts";

/** Addresses of a result, without their prefix lengths. */
export function addressesOf(body: string): string[] {
  const { ips } = JSON.parse(body) as { readonly ips: readonly { readonly address: string }[] };
  return ips.map(({ address }) => address.replace(/\/.*$/, ""));
}

/** Code of an error; 0 where there is none. */
export function codeOf(body: string): number {
  return body === "" ? 0 : ((JSON.parse(body) as { readonly code?: number }).code ?? 0);
}

/** What became of a call, for stories: `returns 10.0.0.5`. */
export function describeAnswer(answer: PluginAnswer): string {
  if (!("by" in answer)) return `fails: ${answer.failure}`;
  if (answer.status !== 200) {
    const { code, msg, details } = JSON.parse(answer.body) as Readonly<Record<string, string>>;
    return `fails with code ${code}: ${details === undefined || details === "" ? msg : details}`;
  }
  const isResult = answer.body.includes('"ips"');
  return isResult ? `returns ${addressesOf(answer.body).join(" and ")}` : "succeeds";
}

/** What is particular about an ADD, for stories: `, asks for 10.0.0.5`. */
export function describeAdd({ attachment, deliveryMs, hangUpMs }: Extract<Act, { kind: "add" }>): string {
  const fixed = fixedText(attachment);
  const asks = fixed === undefined ? "" : `, asks for ${fixed}`;
  return `${asks}${describeDelivery(deliveryMs)}${hangUpMs === undefined ? "" : `, is killed after ${hangUpMs.toFixed(0)} ms`}`;
}

/** That a call is late, for stories. */
export function describeDelivery(deliveryMs: number): string {
  return deliveryMs < 20 ? "" : `, reaches the agent after ${deliveryMs.toFixed(0)} ms`;
}
