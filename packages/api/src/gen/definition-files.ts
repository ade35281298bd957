import { stringify } from "yaml";
import { API_GROUP } from "../group.ts";
import { customResourceDefinition } from "./custom-resource.ts";
import { CUSTOM_RESOURCES } from "./resources.ts";

const HEADER = "# Generated from the schemas in packages/api/src by packages/api/src/gen/main.ts: change those.\n";
const LINE_WIDTH = 120;

/** File name and text of every custom resource definition; the same schemas give the same bytes. */
export function definitionFiles(): ReadonlyMap<string, string> {
  return new Map(
    CUSTOM_RESOURCES.map((resource) => [
      `${API_GROUP}_${resource.plural}.yaml`,
      HEADER + stringify(customResourceDefinition(resource), { lineWidth: LINE_WIDTH, aliasDuplicateObjects: false }),
    ]),
  );
}
