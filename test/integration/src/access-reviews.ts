import type { ApiClient } from "./api-client.ts";
import type { RoleRule } from "./chart-rules.ts";

/** One thing that somebody may do, such as `update ippools/status of cluster-ipam.io`. */
export type Right = string;

/** A resource, or a subresource, that an API server has. */
interface Resource {
  readonly group: string;
  /** Such as pods/log. */
  readonly name: string;
}

const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
/** Reviews that are under way at a time. */
const PARALLEL = 16;

/** A right by its name. */
function rightOf(verb: string, { group, name }: Resource): Right {
  return `${verb} ${name}${group === "" ? "" : ` of ${group}`}`;
}

/** The rights that rules give, sorted. */
export function rightsIn(rules: readonly RoleRule[]): readonly Right[] {
  const rights = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((name) => verbs.map((verb) => rightOf(verb, { group, name })))),
  );
  return [...new Set(rights)].toSorted();
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
