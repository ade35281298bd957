import type { Catalogue } from "./metric-catalogue.ts";
import { childNamed, childrenNamed, childrenOf, parsePromql, type SyntaxNode } from "./syntax-tree.ts";

/** What is found out about an expression of PromQL. */
export interface Inspection {
  /** What is wrong with it; nothing where it means something. */
  readonly faults: readonly string[];
  /** Labels that its result has; undefined where that is a number. */
  readonly labels: ReadonlySet<string> | undefined;
}

type Labels = ReadonlySet<string> | undefined;

/** Functions that want a counter over a time. */
const OF_COUNTERS = ["rate", "increase", "irate"];
/** Functions that want a gauge over a time. */
const OF_GAUGES = ["deriv", "delta", "predict_linear", "max_over_time", "min_over_time", "avg_over_time"];
const OF_ANYTHING = ["changes", "resets"];
const WITHOUT_LABELS = ["time", "scalar"];
/** Aggregations that choose among series, and change none of them. */
const CHOOSING = ["topk", "bottomk"];
const SET_OPERATIONS = ["And", "Or", "Unless"];
/** What stands around an expression, and changes no label. */
const WRAPPERS = ["ParenExpr", "UnaryExpr", "OffsetExpr", "SubqueryExpr", "MatrixSelector"];
const LITERALS = ["NumberDurationLiteral", "StringLiteral"];
const RANGES = ["MatrixSelector", "SubqueryExpr"];

/** Whether an expression means what it says: it parses, and every metric and label in it exists. */
export function inspectExpression(text: string, catalogue: Catalogue): Inspection {
  const { root, faults } = parsePromql(text);
  if (root === undefined) return { faults, labels: undefined };
  const inspector = new Inspector(text, catalogue);
  const labels = inspector.labelsOf(root);
  return { faults: inspector.faults, labels };
}

/** Goes through one expression from within, and knows of each part which labels it has. */
class Inspector {
  readonly faults: string[] = [];
  readonly #text: string;
  readonly #catalogue: Catalogue;

  constructor(text: string, catalogue: Catalogue) {
    this.#text = text;
    this.#catalogue = catalogue;
  }

  /** @throws Error at what it does not know: it must be taught then */
  labelsOf(node: SyntaxNode): Labels {
    if (LITERALS.includes(node.name)) return undefined;
    if (WRAPPERS.includes(node.name)) return this.labelsOf(this.#expressionIn(node));
    if (node.name === "VectorSelector") return this.#ofSelector(node);
    if (node.name === "FunctionCall") return this.#ofFunction(node);
    if (node.name === "AggregateExpr") return this.#ofAggregate(node);
    if (node.name === "BinaryExpr") return this.#ofOperation(node);
    throw new Error(`${node.name} is nothing that is known here: ${this.#textOf(node)}`);
  }

  #ofSelector(node: SyntaxNode): Labels {
    const name = this.#textOf(childNamed(node, "Identifier"));
    const series = this.#catalogue.get(name);
    if (series === undefined) {
      this.faults.push(`there is no metric ${name}`);
      return new Set();
    }
    for (const label of this.#matchersOf(node)) this.#demand(label, series.labels, name);
    return series.labels;
  }

  #ofFunction(node: SyntaxNode): Labels {
    const name = this.#textOf(childNamed(node, "FunctionIdentifier"));
    const given = childrenOf(childNamed(node, "FunctionCallBody"));
    const labels = given.map((each) => this.labelsOf(each));
    const [of = new Set<string>()] = labels.filter((each) => each !== undefined);
    const isOfRange = [...OF_COUNTERS, ...OF_GAUGES, ...OF_ANYTHING].includes(name);
    const ranges = given.filter((each) => RANGES.includes(each.name));
    if (isOfRange !== ranges.length > 0) this.faults.push(`${name} has ${isOfRange ? "no" : "a"} range`);
    if (OF_COUNTERS.includes(name)) this.#demandKind(node, "counter", name);
    if (OF_GAUGES.includes(name)) this.#demandKind(node, "gauge", name);
    if (WITHOUT_LABELS.includes(name)) return undefined;
    if (name === "absent") return new Set();
    if (name !== "histogram_quantile") return of;
    this.#demand("le", of, name);
    return without(of, ["le"]);
  }

  #ofAggregate(node: SyntaxNode): Labels {
    const given = childrenOf(childNamed(node, "FunctionCallBody")).map((each) => this.labelsOf(each));
    const inner = given.find((each) => each !== undefined) ?? new Set<string>();
    if (CHOOSING.includes(this.#textOf(childNamed(node, "AggregateOp")))) return inner;
    const modifier = node.getChild("AggregateModifier");
    if (modifier === null) return new Set();
    const listed = this.#listedIn(childNamed(modifier, "GroupingLabels"));
    for (const label of listed) this.#demand(label, inner, this.#textOf(node));
    return modifier.getChild("Without") === null ? new Set(listed) : without(inner, listed);
  }

  #ofOperation(node: SyntaxNode): Labels {
    const sides = [node.firstChild, node.lastChild].map((side) => (side === null ? undefined : this.labelsOf(side)));
    const [left, right] = sides;
    if (left === undefined || right === undefined) return left ?? right;
    const matching = node.getChild("MatchingModifierClause");
    if (matching !== null) return this.#ofMatched(node, matching, [left, right]);
    if (!isSame(left, right)) {
      this.faults.push(`${this.#textOf(node)} has {${list(left)}} on its left and {${list(right)}} on its right`);
    }
    return left;
  }

  #ofMatched(
    node: SyntaxNode,
    matching: SyntaxNode,
    [left, right]: readonly [ReadonlySet<string>, ReadonlySet<string>],
  ): Labels {
    const [grouping = [], included = []] = childrenNamed(matching, "GroupingLabels").map((each) =>
      this.#listedIn(each),
    );
    for (const side of matching.getChild("On") === null ? [] : [left, right]) {
      for (const label of grouping) this.#demand(label, side, this.#textOf(node));
    }
    if (matching.getChild("GroupLeft") !== null) return new Set([...left, ...included]);
    if (matching.getChild("GroupRight") !== null) return new Set([...right, ...included]);
    if (SET_OPERATIONS.some((name) => node.getChild(name) !== null)) return left;
    return matching.getChild("On") === null ? without(left, grouping) : new Set(grouping);
  }

  /** The metric that a function is asked of, if it is asked of one itself, must be of that kind. */
  #demandKind(node: SyntaxNode, kind: "counter" | "gauge", asking: string): void {
    for (const matrix of childrenNamed(childNamed(node, "FunctionCallBody"), "MatrixSelector")) {
      const name = this.#textOf(childNamed(childNamed(matrix, "VectorSelector"), "Identifier"));
      const found = this.#catalogue.get(name)?.kind ?? kind;
      if (found !== kind) this.faults.push(`${asking} wants a ${kind}, and ${name} is a ${found}`);
    }
  }

  #demand(label: string, labels: ReadonlySet<string>, asking: string): void {
    if (!labels.has(label)) this.faults.push(`there is no label ${label} in ${asking}`);
  }

  #expressionIn(node: SyntaxNode): SyntaxNode {
    const inner = childrenOf(node).find(
      ({ name }) => name.endsWith("Expr") || name.endsWith("Selector") || isAtom(name),
    );
    if (inner === undefined) throw new Error(`nothing in ${this.#textOf(node)}`);
    return inner;
  }

  #matchersOf(node: SyntaxNode): readonly string[] {
    const matchers = node.getChild("LabelMatchers");
    if (matchers === null) return [];
    return childrenOf(matchers).map((matcher) => this.#textOf(childNamed(matcher, "LabelName")));
  }

  #listedIn(node: SyntaxNode): readonly string[] {
    return childrenNamed(node, "LabelName").map((label) => this.#textOf(label));
  }

  #textOf({ from, to }: SyntaxNode): string {
    return this.#text.slice(from, to);
  }
}

function isAtom(name: string): boolean {
  return name === "FunctionCall" || LITERALS.includes(name);
}

function without(labels: ReadonlySet<string>, gone: readonly string[]): ReadonlySet<string> {
  return new Set([...labels].filter((label) => !gone.includes(label)));
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((label) => b.has(label));
}

function list(labels: ReadonlySet<string>): string {
  return [...labels].toSorted().join(", ");
}
