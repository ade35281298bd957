/**
 * One entry of `x-kubernetes-validations`: a CEL expression that the API server holds against each write.
 *
 * `message` says what to change. `messageExpression` may say it with the values at hand; where it fails the API server
 * falls back to `message`. See https://kubernetes.io/docs/reference/using-api/cel/
 */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly messageExpression?: string;
  /** Field that the error names, relative to the rule's own place. */
  readonly fieldPath?: string;
}

/** JSON schema keywords that zod hands through to the custom resource definition unread. */
export interface SchemaMeta {
  readonly description: string;
  readonly "x-kubernetes-validations"?: readonly CelRule[];
  [keyword: string]: unknown;
}

/** Metadata of a schema: its description, and the rules that the API server holds it to. */
export function described(description: string, ...rules: readonly CelRule[]): SchemaMeta {
  return rules.length === 0 ? { description } : { description, "x-kubernetes-validations": rules };
}

/** The field keeps the value that it was created with. */
export function immutable(field: string, wayOut: string): CelRule {
  return { rule: "self == oldSelf", message: `${field} is immutable: ${wayOut}` };
}
