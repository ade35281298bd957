import { parser } from "@prometheus-io/lezer-promql";

type Tree = ReturnType<typeof parser.parse>;

/** A node of a parsed expression. */
export type SyntaxNode = Tree["topNode"];

/** An expression of PromQL, parsed. */
export interface Parsed {
  /** The expression itself; undefined where there is a fault. */
  readonly root: SyntaxNode | undefined;
  /** What the parser could not read. */
  readonly faults: readonly string[];
}

/** Parses an expression. */
export function parsePromql(text: string): Parsed {
  const tree = parser.parse(text);
  const faults: string[] = [];
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) faults.push(`no expression from character ${from + 1} on: ${text.slice(from) || "its end"}`);
    },
  });
  return { root: faults.length === 0 ? (tree.topNode.firstChild ?? undefined) : undefined, faults };
}

/** The node's children, in order. */
export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

/** The node's children of one name, in order. */
export function childrenNamed(node: SyntaxNode, name: string): readonly SyntaxNode[] {
  return childrenOf(node).filter((child) => child.name === name);
}

/** The first child of one name. @throws Error where there is none */
export function childNamed(node: SyntaxNode, name: string): SyntaxNode {
  const child = node.getChild(name);
  if (child === null) throw new Error(`${node.name} without ${name}`);
  return child;
}
