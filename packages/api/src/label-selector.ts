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

const keyField = z.string().min(1).max(KEY_MAX_LENGTH).meta(described("Key of the label."));
const valueField = z.string().max(VALUE_MAX_LENGTH);

const MatchExpressionSchema = z
  .object({
    key: keyField,
    operator: z.enum(SELECTOR_OPERATORS).meta(described("Relation of the label to the values.")),
    values: z
      .array(valueField.meta(described("A value of the label.")))
      .max(MAX_ITEMS)
      .meta({ ...described("Values for In and NotIn."), "x-kubernetes-list-type": "atomic" })
      .exactOptional(),
  })
  .meta(described("A requirement on one label.", VALUES_FIT_OPERATOR));

const LabelSelectorSchema = z.object({
  matchLabels: z
    .record(z.string(), valueField.meta(described("Value of the label.")))
    .meta(described("Labels that must have exactly these values."))
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
