import { readIpamSection, type SectionInput, type SectionReading } from "../ipam-section.ts";

/** A call that asks for no address of its own. */
export const NO_FIXED: SectionInput["fixed"] = { requestedIps: [], conventionIps: [], argument: undefined };

/** Reads a section of network lan, on a node without files and addresses, unless `input` says otherwise. */
export function readTestSection(
  ipam: Readonly<Record<string, unknown>>,
  input: Partial<SectionInput> = {},
): SectionReading {
  return readIpamSection({
    ipam,
    network: "lan",
    podName: undefined,
    fixed: NO_FIXED,
    gatewayArgument: undefined,
    readFile: noFile,
    readKernelCommandLine: () => noFile("/proc/cmdline"),
    nodeAddresses: () => [],
    firstGroup: (pattern, text) => new RegExp(pattern).exec(text)?.[1],
    ...input,
  });
}

/** A file that cannot be read. */
export function noFile(path: string): never {
  throw new Error(`no file ${path}`);
}
