import type { ApiClient } from "./api-client.ts";

/** One thing that somebody may do, such as `update ippools/status of cluster-ipam.io` or `get /version`. */
export type Right = string;

/** A resource, or a subresource, that an API server has. */
interface Resource {
  readonly group: string;
  /** Such as pods/log. */
  readonly name: string;
}

const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const RULES_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
/** Reviews that are under way at a time. */
const PARALLEL = 16;

/** A right by its name; `object` where it is one to a single object. */
function rightOf(verb: string, { group, name }: Resource, object = ""): Right {
  return `${verb} ${name}${object === "" ? "" : ` ${object}`}${group === "" ? "" : ` of ${group}`}`;
}

/**
 * Asks the API server for every resource that it has and every verb whether the client's account may, in one namespace.
 *
 * @returns what it may, sorted, without what every account may: to ask about itself.
 */
export async function rightsOf(client: ApiClient, admin: ApiClient, namespace: string): Promise<readonly Right[]> {
  const resources = await resourcesOf(admin);
  const questions = resources.flatMap((resource) => VERBS.map((verb) => ({ verb, resource })));
  const rights: Right[] = [];
  const askNext = async (): Promise<void> => {
    for (let next = questions.pop(); next !== undefined; next = questions.pop()) {
      const { verb, resource } = next;
      if (await isAllowed(client, verb, resource, { namespace })) rights.push(rightOf(verb, resource));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, askNext));
  return rights.filter((right) => !/^create selfsubject\w+ of auth/.test(right)).toSorted();
}

interface RulesReview {
  readonly status: {
    readonly resourceRules: readonly {
      readonly apiGroups: readonly string[];
      readonly resources: readonly string[];
      readonly resourceNames?: readonly string[];
      readonly verbs: readonly string[];
    }[];
    readonly nonResourceRules: readonly {
      readonly nonResourceURLs: readonly string[];
      readonly verbs: readonly string[];
    }[];
  };
}

/**
 * Asks the API server for every rule that holds for the client's account in one namespace: with verbs, resources and paths
 * that no question would be asked about, such as `impersonate users`.
 *
 * @returns the rights that they give, sorted, without those that they give `everybody`
 */
export async function rulesOf(client: ApiClient, everybody: ApiClient, namespace: string): Promise<readonly Right[]> {
  const [own, common] = await Promise.all([client, everybody].map((each) => rulesReview(each, namespace)));
  return [...(own ?? [])].filter((right) => common?.has(right) === false).toSorted();
}

async function rulesReview(client: ApiClient, namespace: string): Promise<ReadonlySet<Right>> {
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace } };
  const { status } = (await client.ensure(RULES_REVIEWS, JSON.stringify(review))) as RulesReview;
  const ofResources = status.resourceRules.flatMap(({ apiGroups, resources, resourceNames = [""], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => resourceNames.map((name) => rightOf(verb, { group, name: resource }, name))),
      ),
    ),
  );
  const ofPaths = status.nonResourceRules.flatMap(({ nonResourceURLs, verbs }) =>
    nonResourceURLs.flatMap((path) => verbs.map((verb) => `${verb} ${path}`)),
  );
  return new Set([...ofResources, ...ofPaths]);
}

/** Whether the client's account may do one thing. */
export async function isAllowed(
  client: ApiClient,
  verb: string,
  { group, name: path }: Resource,
  where: { readonly namespace?: string; readonly name?: string },
): Promise<boolean> {
  const [resource, subresource] = path.split("/");
  const resourceAttributes = { verb, group, resource, subresource, ...where };
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes },
  };
  const answer = (await client.ensure(REVIEWS, JSON.stringify(review))) as { readonly status: { allowed: boolean } };
  return answer.status.allowed;
}

async function resourcesOf(admin: ApiClient): Promise<readonly Resource[]> {
  const { groups } = (await admin.get("/apis")) as {
    readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
  };
  const paths = ["/api/v1", ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const lists = await Promise.all(
    paths.map(async (path) => {
      const { resources } = (await admin.get(path)) as { readonly resources: readonly { readonly name: string }[] };
      const group = path === "/api/v1" ? "" : (path.split("/")[2] ?? "");
      return resources.map(({ name }) => ({ group, name }));
    }),
  );
  return lists.flat();
}
