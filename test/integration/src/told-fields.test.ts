import { expect, it } from "vitest";
import { untoldFields } from "./told-fields.ts";

const PAGE = `
The field \`free\` is told of in the text alone.

| field | what it says | without it |
|---|---|---|
| \`ranges[].start\`, \`.extend[]\` | The first address, up to the end. | none |
| \`gateway\` | Not \`dns\`, and not .name either. | none |
| \`nodeSelector\` | \`matchLabels\`, \`matchExpressions[]\` with \`key\`. | all nodes |
| \`namespaceSelector\` | Likewise. | all |
`;

it.each([
  ["its path", "ranges[].start"],
  ["the end of its path, behind another of the same object", "ranges[].extend[]"],
  ["one of the fields that it holds", "ranges[]"],
  ["its name in the row of what it is a part of", "nodeSelector.matchLabels"],
  ["likewise, deeper", "nodeSelector.matchExpressions[].key"],
  ["the row of an object like its own", "namespaceSelector.matchLabels"],
])("a field is told by %s", (_how, field) => {
  expect(untoldFields(PAGE, [field], { namespaceSelector: "nodeSelector" })).toEqual([]);
});

it.each([
  ["a longer name", "ranges[].end"],
  ["a longer path", "subnets[].start"],
  ["a field of that name elsewhere", "start"],
  ["a word without backticks", "gateway.name"],
  ["the text around the tables", "free"],
  ["the row of what it is no part of", "dns"],
  ["the row of another object", "namespaceSelector.matchLabels"],
  ["a shorter name", "nodeSelector.matchExpressions[].keys"],
])("a field is not told by %s", (_what, field) => {
  expect(untoldFields(PAGE, ["gateway", field])).toEqual([field]);
});
