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
