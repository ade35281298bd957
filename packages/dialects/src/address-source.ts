import type { AllocationRequest, PoolChoice } from "@cluster-ipam/allocator";
import type { PoolRange } from "@cluster-ipam/api";
import { parseCidr } from "@cluster-ipam/ip";
import { dialectOf } from "./dialect.ts";
import { type FixedAddressSources, readFixedAddresses } from "./fixed-addresses.ts";
import { idleRangeKeysIn, readHostLocalSets } from "./host-local.ts";
import { type IndexKey, readIndexKey, readInlineStrategy, readPodNumber, refuseStrategy } from "./index-key.ts";
import { type Index2ipInput, readIndex2ip } from "./index2ip.ts";
import { readAddresses, splitArgument, withoutRepeats } from "./named-addresses.ts";
import { NODE_SLICE_SIZE, readNodeBlocks } from "./node-slice-size.ts";
import { readPoolNames } from "./pool-names.ts";
import type { Dns } from "./resolv-conf.ts";
import type { Routes } from "./routes.ts";
import type { Section } from "./section-keys.ts";
import { readStaticAddresses, withArguments } from "./static.ts";
import { readWhereaboutsSets } from "./whereabouts.ts";

/** What bears on the addresses of a call beside its section. */
export interface AddressInput extends Index2ipInput {
  readonly fixed: FixedAddressSources;
  /** `GATEWAY` of CNI_ARGS; undefined when absent. */
  readonly gatewayArgument: string | undefined;
}

/** Where the addresses of a call come from, and what a dialect adds to that. */
export interface AddressSource extends Pick<AllocationRequest, "choice" | "named" | "podNumber" | "fixed"> {
  /** Routes and DNS that come with the addresses; the section's own stand over them. */
  readonly routes: Routes | undefined;
  readonly dns: Dns | undefined;
  /** Keys that mean nothing where they stand. */
  readonly idleKeys: readonly string[];
}

/** A source of no addresses, to be filled in. */
const NOTHING: Omit<AddressSource, "choice"> = {
  named: [],
  podNumber: undefined,
  fixed: [],
  routes: undefined,
  dns: undefined,
  idleKeys: [],
};
/** The number in the pod's name, on the node's kernel command line. */
const WHOLE_RULE: IndexKey = { kind: "rule", base: undefined, pattern: undefined };
const STRATEGY_OF_POOL =
  "it chooses among ranges in the ipam section, and this one has none: set spec.strategy of the IPPool";
const STRATEGY_OF_NONE = "it chooses among ranges, and this section has none: remove it";

/**
 * Reads where the addresses come from, in the dialect of the section.
 *
 * @throws IpamError `bad-config`, `bad-index`
 */
export function readAddressSource(section: Section, input: AddressInput): AddressSource {
  const source = readDialect(section, input);
  const isSliceIdle = source.choice.kind !== "inline" && (section[NODE_SLICE_SIZE] ?? "") !== "";
  return isSliceIdle ? { ...source, idleKeys: [...source.idleKeys, NODE_SLICE_SIZE] } : source;
}

function readDialect(section: Section, input: AddressInput): AddressSource {
  const dialect = dialectOf(section);
  switch (dialect) {
    case "pools":
      return ofPools({ kind: "named", names: readPoolNames(section) }, section, input);
    case "network":
      return ofPools({ kind: "network" }, section, input);
    case "host-local":
      return ofHostLocal(section, input);
    case "whereabouts":
      return ofWhereabouts(section, input);
    case "static":
      return ofStatic(section, input);
    case "index2ip":
      return ofIndex2ip(section, input);
  }
}

function ofPools(choice: PoolChoice, section: Section, { fixed }: AddressInput): AddressSource {
  refuseStrategy(section, STRATEGY_OF_POOL);
  return { ...NOTHING, choice, podNumber: readPodNumber(section), fixed: readFixedAddresses(fixed) };
}

function ofHostLocal(section: Section, { fixed }: AddressInput): AddressSource {
  const { named, ignoredKeys } = readAddresses(section["addresses"]);
  return {
    ...NOTHING,
    ...ofRanges(readHostLocalSets(section), section),
    named: withoutRepeats(named),
    fixed: readFixedAddresses(fixed),
    idleKeys: [...idleRangeKeysIn(section), ...ignoredKeys],
  };
}

/** `IP` of CNI_ARGS with a prefix length is one address more, as in whereabouts; without one it is a fixed address. */
function ofWhereabouts(section: Section, { fixed, gatewayArgument }: AddressInput): AddressSource {
  const { sets, idleKeys } = readWhereaboutsSets(section);
  const { named, ignoredKeys } = readAddresses(section["addresses"]);
  const parts = splitArgument(fixed.argument);
  const added = parts.filter((part) => parseCidr(part) !== undefined);
  const chosen = parts.filter((part) => !added.includes(part));
  return {
    ...NOTHING,
    ...ofRanges(sets, section),
    named: withoutRepeats(withArguments(named, { argument: added.join(","), gatewayArgument })),
    fixed: readFixedAddresses({ ...fixed, argument: chosen.join(",") }),
    idleKeys: [...idleKeys, ...ignoredKeys],
  };
}

function ofRanges(
  sets: readonly (readonly PoolRange[])[],
  section: Section,
): Pick<AddressSource, "choice" | "podNumber"> {
  const { strategy, index, podNumber } = readInlineStrategy(section);
  const nodeBlocks = readNodeBlocks(section, sets, strategy);
  return { choice: { kind: "inline", sets, strategy, index, nodeBlocks }, podNumber };
}

function ofStatic(section: Section, { fixed, gatewayArgument }: AddressInput): AddressSource {
  refuseStrategy(section, STRATEGY_OF_NONE);
  const { named, ignoredKeys } = readAddresses(section["addresses"]);
  const wished = readStaticAddresses(named, { ...fixed, gatewayArgument });
  return { ...NOTHING, choice: { kind: "none" }, named: wished, idleKeys: ignoredKeys };
}

function ofIndex2ip(section: Section, input: AddressInput): AddressSource {
  refuseStrategy(section, STRATEGY_OF_NONE);
  const index = readIndexKey(section["index"]) ?? WHOLE_RULE;
  return {
    ...NOTHING,
    choice: { kind: "none" },
    ...readIndex2ip(index, input),
    fixed: readFixedAddresses(input.fixed),
  };
}
