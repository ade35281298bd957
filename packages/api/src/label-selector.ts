import * as z from "zod";
import { type CelRule, described } from "./cel-rule.ts";
import type { DeepReadonly } from "./deep-readonly.ts";

const KEY_MAX_LENGTH = 317;
const VALUE_MAX_LENGTH = 63;
const MAX_ITEMS = 64;

const SELECTOR_OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

const VALUES_FIT_OPERATOR: CelRule = {
  rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
  message: "operators In and NotIn need values, Exists and DoesNotExist take none",
  messageExpression:
    "'operator ' + self.operator +" +
    " (self.operator in ['In', 'NotIn'] ? ' needs at least one value' : ' takes no values: remove them')",
  fieldPath: ".operator",
};

/** As Kubernetes has it: a name, with a DNS subdomain and a "/" before it where the key is somebody's own. */
function isLabelKey(key: string): string {
  const name = "([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)";
  const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
  return `${key}.matches('^(${label}([.]${label})*/)?${name}$')`;
}

function isLabelValue(value: string): string {
  return `${value}.matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')`;
}

const LABEL_KEY: CelRule = {
  rule: isLabelKey("self"),
  message: "no label can have this key: expected one such as team or example.com/team",
};

const LABEL_VALUE: CelRule = {
  rule: isLabelValue("self"),
  message: 'no label can have this value: expected letters, digits, "-", "_" and ".", a letter or digit at both ends',
};

const MATCH_LABELS_KEYS: CelRule = {
  rule: `self.all(key, size(key) <= ${KEY_MAX_LENGTH} && ${isLabelKey("key")})`,
  message: "holds a key that no label can have: expected one such as team or example.com/team",
  messageExpression:
    `'no label can have the key "%s": expected one such as team or example.com/team'` +
    `.format([self.filter(key, !(${isLabelKey("key")}))[0]])`,
};

const keyField = z.string().min(1).max(KEY_MAX_LENGTH).meta(described("Key of the label.", LABEL_KEY));
const valueField = z.string().max(VALUE_MAX_LENGTH);

const MatchExpressionSchema = z
  .object({
    key: keyField,
    operator: z.enum(SELECTOR_OPERATORS).meta(described("Relation of the label to the values.")),
    values: z
      .array(valueField.meta(described("A value of the label.", LABEL_VALUE)))
      .max(MAX_ITEMS)
      .meta({ ...described("Values for In and NotIn."), "x-kubernetes-list-type": "atomic" })
      .exactOptional(),
  })
  .meta(described("A requirement on one label.", VALUES_FIT_OPERATOR));

const LabelSelectorSchema = z.object({
  matchLabels: z
    .record(z.string(), valueField.meta(described("Value of the label.", LABEL_VALUE)))
    .meta({ ...described("Labels that must have exactly these values.", MATCH_LABELS_KEYS), maxProperties: MAX_ITEMS })
    .exactOptional(),
  matchExpressions: z
    .array(MatchExpressionSchema)
    .max(MAX_ITEMS)
    .meta({ ...described("Requirements that must all hold."), "x-kubernetes-list-type": "atomic" })
    .exactOptional(),
});

/** Schema of a label selector with the shape of metav1.LabelSelector. */
export function labelSelectorField(description: string): typeof LabelSelectorSchema {
  return LabelSelectorSchema.meta({ ...described(description), "x-kubernetes-map-type": "atomic" });
}

/** A label selector with the shape of metav1.LabelSelector; an empty one matches everything. */
export type LabelSelector = DeepReadonly<z.infer<typeof LabelSelectorSchema>>;
