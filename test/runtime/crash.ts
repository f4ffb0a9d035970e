/** A fault for a test to inject: loaded before the runtime's own module, it writes and exits. */
import { writeSync } from "node:fs"

writeSync(2, process.env.LAST_WORDS ?? "")
process.exit(7)
