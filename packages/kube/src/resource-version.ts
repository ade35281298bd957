const NUMBER = /^(?:0|[1-9]\d*)$/;

/**
 * Which of two versions of objects of one kind is the later: negative where `a` is older than `b`, 0 where they are the
 * same. Kubernetes lets clients compare them as whole numbers of any size (KEP 5504).
 *
 * @returns undefined where one of them is no such number, as some extension servers have it
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!NUMBER.test(a) || !NUMBER.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}
