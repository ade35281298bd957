import { FINALIZED, type HoldingMetadata, OWNED } from "./lease-row.ts";

/** One IPPool that an agent makes. */
export interface PoolRow {
  readonly title: string;
  /** Of the inline pool that agents make. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly metadata?: HoldingMetadata;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** What the refusal says; none where it is allowed. */
  readonly refusal?: string;
}

const INLINE = "agents create pools of inline ranges alone";
const HELD = "agents neither set nor change finalizers and ownerReferences";
const RANGES_ALONE = "has ranges, addressSpace and nodeBlocks, and nothing else";

/** What agents make of ranges in ipam sections, and what they must not. */
export const POOL_ROWS: readonly PoolRow[] = [
  { title: "one of inline ranges" },
  {
    title: "one of inline ranges with blocks and a space",
    spec: { nodeBlocks: { prefixLength: 28 }, addressSpace: "a" },
  },
  { title: "one without the label", labels: {}, refusal: INLINE },
  { title: "one with another label", labels: { "cluster-ipam.io/inline": "false" }, refusal: INLINE },
  { title: "one that is called as a network", name: "macvlan-conf", refusal: INLINE },
  {
    title: "the default pool",
    annotations: { "cluster-ipam.io/is-default-pool": "true" },
    refusal: "agents make no default pool",
  },
  { title: "one that is held back", metadata: FINALIZED, refusal: HELD },
  { title: "one that belongs to something else", metadata: OWNED, refusal: HELD },
  { title: "one that retains", spec: { retain: { policy: "Always", seconds: 60 } }, refusal: RANGES_ALONE },
  { title: "one that cools down", spec: { coolDownSeconds: 30 }, refusal: RANGES_ALONE },
  { title: "one that hands out its gateways", spec: { reserveGateway: false }, refusal: RANGES_ALONE },
  {
    title: "one that hands out nothing unless asked",
    spec: { ranges: [{ subnet: "10.9.0.0/24", assign: "OnRequest" }] },
    refusal: RANGES_ALONE,
  },
  { title: "one with routes", spec: { routes: [{ dst: "10.8.0.0/16" }] }, refusal: RANGES_ALONE },
  { title: "one with DNS", spec: { dns: { nameservers: ["10.9.0.53"] } }, refusal: RANGES_ALONE },
  { title: "one of another strategy", spec: { strategy: "Sequential" }, refusal: RANGES_ALONE },
  { title: "one for some nodes", spec: { nodeSelector: { matchLabels: { a: "b" } } }, refusal: RANGES_ALONE },
  { title: "one for some namespaces", spec: { namespaceSelector: { matchLabels: { a: "b" } } }, refusal: RANGES_ALONE },
  {
    title: "one of the nodes' own networks",
    spec: { ranges: [], source: "NodePodCIDR" },
    refusal: RANGES_ALONE,
  },
];
