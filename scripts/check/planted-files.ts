/** A file that breaks one rule, and the rule that must notice. */
export interface PlantedFile {
  readonly path: string;
  readonly text: string;
  readonly rule: string;
}

const OURS = [
  "agent",
  "allocator",
  "api",
  "cni",
  "command-line",
  "controller",
  "dialects",
  "errors",
  "ip",
  "kube",
  "plugin",
  "store",
  "telemetry",
] as const;

type Ours = (typeof OURS)[number];

/** The packages of ours that each one may import, from the design's layout. */
const MAY_IMPORT: Readonly<Record<Ours, readonly Ours[]>> = {
  errors: [],
  ip: [],
  cni: ["errors"],
  plugin: ["cni", "errors"],
  api: ["ip"],
  allocator: ["ip", "api", "errors"],
  dialects: ["ip", "api", "allocator", "errors"],
  kube: [],
  store: ["kube", "api", "allocator", "errors"],
  "command-line": [],
  telemetry: [],
  agent: ["allocator", "api", "cni", "dialects", "errors", "ip", "telemetry"],
  controller: ["allocator", "api", "errors", "ip", "kube", "store", "telemetry"],
};

/** The packages that do no input or output of their own. */
const PURE: readonly Ours[] = ["allocator", "api", "cni", "command-line", "dialects", "errors", "ip", "plugin"];

/** The rule that holds the fences between folders. */
export const IMPORT_RULE = "eslint(no-restricted-imports)";

/** Every import that the design forbids, one file each. */
export function plantForbiddenImports(): readonly PlantedFile[] {
  return OURS.flatMap((name) => forbiddenSpecifiers(name).map((specifier) => plantImport(name, specifier)));
}

/** Every import between packages that the design allows, one file each: no rule may notice those. */
export function plantAllowedImports(): readonly PlantedFile[] {
  return OURS.flatMap((name) => {
    const inputOutput = PURE.includes(name) ? [] : ["node:fs", "node:fs/promises", "node:net"];
    const client = name === "kube" ? ["@kubernetes/client-node/dist/config.js", "undici"] : [];
    const ours = MAY_IMPORT[name].map((other) => `@cluster-ipam/${other}`);
    const specifiers = ["./beside.ts", "../above.ts", "../a/b/below.ts", ...ours, ...inputOutput, ...client];
    return specifiers.map((specifier) => plantImport(name, specifier));
  });
}

function forbiddenSpecifiers(name: Ours): readonly string[] {
  const others = OURS.filter((other) => other !== name);
  const foreign = others.filter((other) => !MAY_IMPORT[name].includes(other)).map((other) => `@cluster-ipam/${other}`);
  const deep = others.flatMap((other) => [
    `@cluster-ipam/${other}/src/index.ts`,
    `@cluster-ipam/${other}/dist/index.js`,
  ]);
  const relative = others.map((other) => `../../${other}/src/index.ts`);
  const inputOutput = PURE.includes(name) ? ["node:fs", "node:net", "node:fs/promises", "undici"] : ["node:process"];
  return [
    ...foreign,
    ...deep,
    ...relative,
    ...inputOutput,
    "@cluster-ipam/cmd-agent",
    "../../../cmd/cluster-ipam/src/main.ts",
  ];
}

function plantImport(name: Ours, specifier: string): PlantedFile {
  const file = specifier.replace(/[^a-z]+/g, "-");
  return { path: `packages/${name}/src/deeper/${file}.ts`, text: `import "${specifier}";\n`, rule: IMPORT_RULE };
}

/** One file for each other fence: what code must not do, wherever it stands or in the folder named. */
export const OTHER_PLANTED: readonly PlantedFile[] = [
  planted("packages/store/src/environment.ts", "export const home = process.env['HOME'];", "node(no-process-env)"),
  planted("packages/store/src/noise.ts", "console.log('noise');", "eslint(no-console)"),
  planted("packages/store/src/default.ts", "export default 1;", "import(no-default-export)"),
  planted("packages/store/src/required.ts", "export const fs = require('node:fs');", "typescript(no-require-imports)"),
  planted("packages/store/src/bare.ts", "export { readFileSync } from 'fs';", IMPORT_RULE),
  planted("packages/allocator/src/lazy.ts", "export const net = await import('node:net');", IMPORT_RULE),
  planted("packages/allocator/src/clock.ts", "export const nowMs = Date.now();", "eslint(no-restricted-globals)"),
  planted("packages/ip/src/chance.ts", "export const chance = Math.random();", "eslint(no-restricted-properties)"),
  planted("packages/cni/src/crypto.ts", "export { createHash } from 'node:crypto';", IMPORT_RULE),
  planted("packages/ip/src/first.ts", "import './second.ts';\nexport const first = 1;", "import(no-cycle)"),
  planted("packages/ip/src/second.ts", "import './first.ts';\nexport const second = 2;", "import(no-cycle)"),
  planted("cmd/cluster-ipam/src/deep.ts", "import '@cluster-ipam/plugin/src/plugin.ts';", IMPORT_RULE),
  planted("cmd/cluster-ipam/src/native-entry.ts", "export { readFileSync } from 'node:fs';", IMPORT_RULE),
  planted("test/integration/src/deep.ts", "import '@cluster-ipam/store/dist/index.js';", IMPORT_RULE),
  planted("packages/ip/src/long-file.ts", "\n".repeat(401), "eslint(max-lines)"),
  planted(
    "packages/ip/src/long-function.ts",
    `export function long() {${"\n".repeat(61)}}`,
    "eslint(max-lines-per-function)",
  ),
  planted(
    "packages/ip/src/wide.ts",
    "export function wide(a, b, c, d, e) { return a + b + c + d + e; }",
    "eslint(max-params)",
  ),
  planted(
    "packages/ip/src/deep-nesting.ts",
    `export function deep(a) { ${"if (a) { ".repeat(4)} a(); ${"}".repeat(5)}`,
    "eslint(max-depth)",
  ),
  planted("packages/ip/src/branches.ts", `export const many = (a) => a${" && a".repeat(12)};`, "eslint(complexity)"),
  planted(
    "packages/ip/src/floating.ts",
    "async function go(): Promise<void> {}\ngo();",
    "typescript(no-floating-promises)",
  ),
  planted(
    "packages/ip/src/gap.ts",
    "export function gap(kind: 'a' | 'b'): void { switch (kind) { case 'a': } }",
    "typescript(switch-exhaustiveness-check)",
  ),
  planted(
    "packages/ip/src/focus.test.ts",
    "import { test } from 'vitest';\ntest.only('x', () => {});",
    "vitest(no-focused-tests)",
  ),
];

function planted(path: string, text: string, rule: string): PlantedFile {
  return { path, text: `${text}\n`, rule };
}
