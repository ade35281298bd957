import { describe, expect, it } from "vitest";
import { docker } from "../src/engine.ts";
import { IMAGE_SOURCE } from "../src/images.ts";
import type { Suite } from "../src/suite.ts";

const IMAGES = ["agent", "controller"] as const;

/** The images by themselves, as strictly run as a cluster may run them. */
export function images(suite: Suite): void {
  describe("the images", () => {
    const nameOf = (image: string): string => {
      const { registry, tag } = suite.cluster.images;
      return `${registry}/cluster-ipam-${image}:${tag}`;
    };
    const start = async (image: string, options: readonly string[], argument: string): Promise<string> => {
      const strict = ["--rm", "--network=none", "--cap-drop=ALL", "--read-only", ...options];
      return await docker(suite.cluster.run, "run", ...strict, nameOf(image), argument);
    };

    it.for(IMAGES)("the %s starts with a read-only root, no right and another user's number", async (image) => {
      const usage = await start(image, ["--user=65532:65532"], "--help");
      expect(usage).toContain(`usage: cluster-ipam-${image}`);
    });

    it.for(IMAGES)("the %s has no shell", async (image) => {
      await expect(start(image, ["--entrypoint=/bin/sh"], "-c")).rejects.toThrow(/no such file|not found/);
    });

    it("the controller is not root by itself, and says so by a number", async () => {
      const user = await docker(
        suite.cluster.run,
        "image",
        "inspect",
        "--format",
        "{{.Config.User}}",
        nameOf("controller"),
      );
      expect(user.trim()).toBe("65532:65532");
    });

    it.for(IMAGES)("the %s says by labels what it is", async (image) => {
      const format = "{{json .Config.Labels}}";
      const text = await docker(suite.cluster.run, "image", "inspect", "--format", format, nameOf(image));
      const labels = JSON.parse(text) as Readonly<Record<string, string>>;
      expect(Object.values(labels)).not.toContain("");
      expect(labels).toMatchObject({
        "org.opencontainers.image.title": `cluster-ipam-${image}`,
        "org.opencontainers.image.version": suite.cluster.images.tag,
        "org.opencontainers.image.revision": "test",
        "org.opencontainers.image.source": IMAGE_SOURCE,
        "org.opencontainers.image.licenses": "Apache-2.0",
      });
    });
  });
}
