/**
 * One row of the catalogue.
 *
 * - `cni`: the code in a CNI error result (CNI spec, "Error": 1-99 are the specification's, ours start at 100).
 * - `http`: the status of the agent's answer on its socket.
 * - `retryable`: whether the same call may succeed later without anybody changing its input.
 * - `happened` and `todo`: the two sentences of docs/errors.md.
 */
export interface CatalogueEntry {
  readonly cni: number;
  readonly http: number;
  readonly retryable: boolean;
  readonly happened: string;
  readonly todo: string;
}

/** A key of {@link CATALOGUE}. */
export type ErrorCode =
  | "incompatible-version"
  | "bad-environment"
  | "io-failure"
  | "bad-json"
  | "bad-config"
  | "object-refused"
  | "agent-unreachable"
  | "apiserver-unreachable"
  | "apiserver-refused"
  | "agent-not-ready"
  | "cancelled"
  | "plugin-not-available"
  | "no-pool"
  | "pool-exhausted"
  | "address-taken"
  | "address-not-in-range"
  | "bad-index"
  | "pool-not-allowed"
  | "check-failed"
  | "internal";

/** Every error that a caller can get. A code, once released, keeps its meaning and is never reused. */
export const CATALOGUE: Readonly<Record<ErrorCode, CatalogueEntry>> = {
  "incompatible-version": {
    cni: 1,
    http: 400,
    retryable: false,
    happened: "The cniVersion of the network configuration is not one that cluster-ipam speaks.",
    todo: "Set cniVersion to one of the versions in the message; 1.0.0 is the safe one.",
  },
  "bad-environment": {
    cni: 4,
    http: 400,
    retryable: false,
    happened: "A CNI_* environment variable is missing or malformed.",
    todo: "The runtime sets these. When calling by hand, set the variable that the message names.",
  },
  "io-failure": {
    cni: 5,
    http: 500,
    retryable: true,
    happened: "The plugin could not read its standard input or write a file on the node.",
    todo: "Check the node's disk and the permissions of the path in the message.",
  },
  "bad-json": {
    cni: 6,
    http: 400,
    retryable: false,
    happened: "The network configuration on standard input is not a JSON object.",
    todo: "Correct the JSON at the place that the message names.",
  },
  "bad-config": {
    cni: 7,
    http: 400,
    retryable: false,
    happened: "A key of the ipam section, of the runtime's arguments or of a pool has a value that cannot be used.",
    todo: "Correct the key that the message names; docs/dialects.md lists every key.",
  },
  "object-refused": {
    cni: 7,
    http: 422,
    retryable: false,
    happened: "The API server found an object that the agent wrote invalid (422).",
    todo: "The message names the field. Custom resource definitions older than the agent are the usual cause: upgrade them.",
  },
  "agent-unreachable": {
    cni: 11,
    http: 503,
    retryable: true,
    happened: "The plugin could not reach the agent on its socket, or got no usable answer.",
    todo: "Check that the cluster-ipam agent runs on this node and that the socket path agrees.",
  },
  "apiserver-unreachable": {
    cni: 11,
    http: 503,
    retryable: true,
    happened: "The agent could not get an answer from the API server in time.",
    todo: "Check the API server and the network between it and the node; the runtime tries again by itself.",
  },
  "apiserver-refused": {
    cni: 11,
    http: 503,
    retryable: true,
    happened: "The API server refused the agent's request (401, 403).",
    todo: "Give the agent's service account the permission that the message names.",
  },
  "agent-not-ready": {
    cni: 11,
    http: 503,
    retryable: true,
    happened: "The agent has not yet read its node's leases, or is shutting down.",
    todo: "Wait: the runtime tries again by itself. If it lasts, read the agent's log.",
  },
  cancelled: {
    cni: 11,
    http: 503,
    retryable: true,
    happened:
      "The call was overtaken by a DEL of the same attachment, or its caller hung up; what it had taken was given back.",
    todo: "Nothing: the runtime makes a new sandbox.",
  },
  "plugin-not-available": {
    cni: 50,
    http: 503,
    retryable: true,
    happened: "STATUS: no agent has answered on this node.",
    todo: "Check that the cluster-ipam agent runs on this node.",
  },
  "no-pool": {
    cni: 100,
    http: 404,
    retryable: false,
    happened: "No pool serves this network.",
    todo: "Create an IPPool named as the network, annotate one as the default, or name one with ipam.pool.",
  },
  "pool-exhausted": {
    cni: 101,
    http: 409,
    retryable: true,
    happened: "Every address of the pool is taken.",
    todo: "Delete pods that hold addresses (kubectl get ipleases) or add a range to the pool.",
  },
  "address-taken": {
    cni: 102,
    http: 409,
    retryable: true,
    happened: "The fixed address that was asked for is held by somebody else, reserved, or kept for another pod.",
    todo: "Ask for another address, or free the holder that the message names.",
  },
  "address-not-in-range": {
    cni: 103,
    http: 400,
    retryable: false,
    happened: "The fixed address that was asked for lies outside every range of the network, or is never handed out.",
    todo: "Ask for an address inside the ranges that the message lists.",
  },
  "bad-index": {
    cni: 104,
    http: 400,
    retryable: false,
    happened: "The pod's name holds no index, or the index lies past the range.",
    todo: "Name the pod so that the pattern matches, or widen the range.",
  },
  "pool-not-allowed": {
    cni: 105,
    http: 403,
    retryable: false,
    happened: "The pool does not serve this node or this namespace, or the node takes no ranges of ipam sections.",
    todo: "Use another pool, change the selector that the message names, or label the node or the namespace.",
  },
  "check-failed": {
    cni: 106,
    http: 409,
    retryable: false,
    happened: "CHECK: the lease is gone, is held by another attachment, or does not match prevResult.",
    todo: "The runtime makes a new sandbox; kubectl get iplease ADDRESS -o yaml shows who holds it.",
  },
  internal: {
    cni: 199,
    http: 500,
    retryable: true,
    happened: "A defect in cluster-ipam: an error that nothing in it expected.",
    todo: "Report it with the agent's log around the time of the call.",
  },
};
