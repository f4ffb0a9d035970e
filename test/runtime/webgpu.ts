/** Finds a device for the webgpu provider: the machine's own, or Vulkan in software from Debian's chromium package. */
import { existsSync } from "node:fs"
import { describe } from "vitest"

const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json"

/** Variables for the runtime's process. A driver that is chosen in the environment wins. */
export const webgpuEnvironment: Readonly<Record<string, string>> =
  process.env.VK_DRIVER_FILES === undefined && existsSync(swiftShader) ? { VK_DRIVER_FILES: swiftShader } : {}

const deviceIsKnown = process.env.VK_DRIVER_FILES !== undefined || existsSync(swiftShader)

/** Where TANREN_REQUIRE_WEBGPU is 1, the tests run and fail without a device. */
const isRequired = process.env.TANREN_REQUIRE_WEBGPU === "1"

/** Declares tests that need a WebGPU device; without one they are skipped, and their title says what is missing. */
export const describeWebgpu = (title: string, tests: () => void): void => {
  if (deviceIsKnown || isRequired) describe(title, { timeout: 30_000 }, tests)
  else describe.skip(`${title} (skipped: no Vulkan device; apt-get install chromium libvulkan1 brings one)`, tests)
}
