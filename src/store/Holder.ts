/** Who holds a lease or writes a temporary file: a process, named so that a later one can tell whether it lives. */
import { createHash, randomBytes } from "node:crypto"
import * as fs from "node:fs"
import { hostname } from "node:os"
import { ifAllowed } from "./disk.ts"

/** Processes with equal machines see each other: one host, one boot, one space of process ids. */
const machine: string = createHash("sha256")
  .update(
    JSON.stringify([
      hostname(),
      ifAllowed(() => fs.readFileSync("/proc/sys/kernel/random/boot_id", "latin1")),
      ifAllowed(() => fs.readlinkSync("/proc/self/ns/pid"))
    ])
  )
  .digest("hex")
  .slice(0, 12)

/** When a process started, in the system's ticks: tells it from a later one with the same id. "0" where nobody says. */
const startOf = (pid: number): string | null => {
  const stat = ifAllowed(() => fs.readFileSync(`/proc/${pid}/stat`, "latin1"))
  if (stat === null) return ifAllowed(() => process.kill(pid, 0)) === null ? null : "0"
  // The second field is the program's name in parentheses, which may hold spaces; a zombie has ended.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields[0] === "Z" ? null : (fields[19] ?? "0")
}

const self = `${machine}-${process.pid}-${startOf(process.pid) ?? "0"}`

/** Tells processes apart where their systems say too little of them. */
const chance = randomBytes(8).toString("hex")
let taken = 0

/** A name that no other holder has, on any machine: it says which process took it. */
export const uniqueName = (): string => `${self}-${chance}${(taken++).toString(16)}`

/** Whether the process that took a unique name still lives; unknown where it ran on another machine. */
export const lifeOf = (name: string): "alive" | "dead" | "unknown" => {
  const [where, pid, started] = name.split("-")
  if (where !== machine || pid === undefined || started === undefined) return "unknown"
  return startOf(Number(pid)) === started ? "alive" : "dead"
}
