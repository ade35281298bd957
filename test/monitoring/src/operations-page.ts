import { readFileSync } from "node:fs";
import { join } from "node:path";

const PATH = join(import.meta.dirname, "../../../docs/operations.md");
/** A row of a table whose first cell is a metric. */
const ROW = /^\| `(?<name>(?:cluster_ipam_(?:agent|controller)|process)_\w+)` \|(?<rest>.*)\|$/gm;
/** A metric, wherever it is named. */
const METRIC = /\b(?:cluster_ipam_(?:agent|controller)|process)_[a-z_]*[a-z]\b/g;

/** A metric as docs/operations.md explains it. */
export interface DocumentedMetric {
  readonly name: string;
  /** Expressions that it gives. */
  readonly expressions: readonly string[];
}

/** docs/operations.md, as far as it speaks of metrics and alerts. */
export class OperationsPage {
  readonly #text: string = readFileSync(PATH, "utf8");

  /** Rows of the tables of metrics. */
  get metrics(): readonly DocumentedMetric[] {
    return [...this.#text.matchAll(ROW)].map(({ groups }) => ({
      name: groups?.["name"] ?? "",
      expressions: [...(groups?.["rest"] ?? "").matchAll(/`([^`]+)`/g)].flatMap(([, span = ""]) =>
        span.match(METRIC) === null ? [] : [span],
      ),
    }));
  }

  /** Every metric that is named anywhere. */
  get namedMetrics(): readonly string[] {
    return [...new Set(this.#text.match(METRIC))];
  }

  /** What a link to a heading ends with, for each heading. */
  get anchors(): readonly string[] {
    return [...this.#text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => anchorOf(title));
  }

  /** Headings that links within the page lead to. */
  get linkedAnchors(): readonly string[] {
    return [...this.#text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = ""]) => anchor);
  }

  /** Headings that are the name of an alert. */
  get alerts(): readonly string[] {
    return [...this.#text.matchAll(/^#+ (ClusterIpam\w+)$/gm)].map(([, title = ""]) => title);
  }
}

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}
