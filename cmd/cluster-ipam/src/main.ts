import { runPlugin } from "@cluster-ipam/plugin";
import { createNodeHost } from "./node-host.ts";

// No await at the top level: the bundle is CommonJS, which starts faster and has none.
void runPlugin(createNodeHost(process.env)).then((status) => process.exit(status));
