/** How the tests run: each file in a process of its own, "tanren" meaning the sources. */
import { enableCompileCache } from "node:module"
import { defineConfig } from "vitest/config"

// Each file's process, and all that it starts, takes over what others have compiled.
const { directory } = enableCompileCache()
if (directory !== undefined) process.env["NODE_COMPILE_CACHE"] = directory

export default defineConfig({
  resolve: { conditions: ["tanren-source"] },
  ssr: { resolve: { conditions: ["tanren-source"] } },
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // Left out, one core would go without: of two, every other one.
    maxWorkers: "100%",
    // Generous, for a busy machine with two cores: they are there to end a test that hangs, not to judge a slow one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", "./test/agreement/reporter.ts"]
  }
})
