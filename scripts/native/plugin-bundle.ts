import { build } from "esbuild";
import { Failure } from "../process/failure.ts";
import { replaceText } from "./text-file.ts";

const ENTRY = "cmd/cluster-ipam/src/native-entry.ts";

/**
 * Bundles the plugin into one module for QuickJS. A bundle that has not changed is not written again, so that Cargo has
 * nothing to do.
 *
 * @param root - the top of the repository.
 * @throws Failure when the sources do not hold together.
 */
export async function bundlePlugin(root: string, outfile: string): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [ENTRY],
    bundle: true,
    minify: true,
    platform: "neutral",
    format: "esm",
    // QuickJS knows all of it, and nothing of Node.js.
    target: "es2024",
    conditions: ["@cluster-ipam/source"],
    legalComments: "none",
    logLevel: "warning",
    write: false,
  }).catch((cause: unknown) => {
    // The bundler has printed what is wrong, and where.
    throw new Failure("build: the plugin cannot be bundled", { cause });
  });
  const [{ text } = { text: "" }] = outputFiles;
  replaceText(outfile, text);
}
