import { statSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { Failure } from "../process/failure.ts";
import type { Binary } from "./binaries.ts";

/**
 * The Kubernetes client's generated models: hundreds of classes that only its API classes use, and we use none of
 * those. Its package.json does not say that loading them does nothing, so the bundler is told here.
 */
const CLIENT_MODELS: Plugin = {
  name: "client-models",
  setup(bundler) {
    bundler.onResolve({ filter: /^\./ }, async ({ path, pluginData, ...options }) => {
      if (pluginData === CLIENT_MODELS || !options.importer.includes("/@kubernetes/client-node/")) return undefined;
      const resolved = await bundler.resolve(path, { ...options, pluginData: CLIENT_MODELS });
      return resolved.path.includes("/dist/gen/") ? { ...resolved, sideEffects: false } : resolved;
    });
  },
};

/**
 * What the bundles use of undici. Its own entry loads the whole of it, web sockets, caches and mocks included, and as
 * CommonJS it cannot be taken apart: that is 9 MB of the agent's memory. The Kubernetes client names `fetch`, too, in
 * code that never runs here.
 */
const UNDICI = `
  export { default as Agent } from "undici/lib/dispatcher/agent.js";
  export { default as Pool } from "undici/lib/dispatcher/pool.js";
  export { default as ProxyAgent } from "undici/lib/dispatcher/proxy-agent.js";
  export const { fetch } = globalThis;
`;

/** Puts `contents` in the place of a package. */
function inPlaceOf(name: string, contents: string): Plugin {
  const namespace = `small-${name}`;
  return {
    name: namespace,
    setup(bundler) {
      bundler.onResolve({ filter: new RegExp(`^${name}$`) }, ({ resolveDir }) => {
        return { path: name, namespace, pluginData: resolveDir };
      });
      bundler.onLoad({ filter: /^/, namespace }, ({ pluginData }) => {
        return { contents, resolveDir: pluginData as string };
      });
    },
  };
}

/** What the bundles use of prom-client: its other half brings in summaries, a push gateway and OpenTelemetry. */
const PROM_CLIENT = `
  export { default as Registry } from "prom-client/lib/registry.js";
  export { default as Counter } from "prom-client/lib/counter.js";
  export { default as Gauge } from "prom-client/lib/gauge.js";
  export { default as Histogram } from "prom-client/lib/histogram.js";
`;

/**
 * Bundles one program with everything that it imports into one file of `dist/lib`.
 *
 * @param root - the top of the repository.
 * @returns the bundle's size in bytes.
 * @throws Failure when the sources do not hold together.
 */
export async function bundleBinary(root: string, binary: Binary): Promise<number> {
  const outfile = join(root, "dist/lib", `${binary.name}.js`);
  await build({
    absWorkingDir: root,
    entryPoints: [binary.entry],
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    // CommonJS starts faster than an ES module: Node.js need not start its module loader.
    format: "cjs",
    target: "node24",
    conditions: ["@cluster-ipam/source"],
    plugins: [CLIENT_MODELS, inPlaceOf("undici", UNDICI), inPlaceOf("prom-client", PROM_CLIENT)],
    legalComments: "external",
    sourcemap: "external",
    sourcesContent: false,
    logLevel: "warning",
  }).catch((cause: unknown) => {
    // The bundler has printed what is wrong, and where.
    throw new Failure(`build: ${binary.name} cannot be bundled`, { cause });
  });
  return statSync(outfile).size;
}
