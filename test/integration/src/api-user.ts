import { randomUUID } from "node:crypto";

/** Somebody whom an API server knows by a token. */
export interface ApiUser {
  readonly name: string;
  readonly groups: readonly string[];
  readonly token: string;
}

/** Makes a user with a token that nobody can guess. */
export function createUser(name: string, groups: readonly string[] = []): ApiUser {
  return { name, groups, token: randomUUID() };
}

/** The users in the form that kube-apiserver reads with `--token-auth-file`. */
export function formatTokenFile(users: readonly ApiUser[]): string {
  return users.map(({ name, groups, token }) => `${token},${name},${name},"${groups.join(",")}"\n`).join("");
}
